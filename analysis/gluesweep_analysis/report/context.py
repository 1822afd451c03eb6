"""What the sections of a report have in common."""
from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from .. import reference
from ..errors import AnalysisError
from ..scan import CONVERGED, Scan
from .progress import Progress
from .space import Space, with_unit
from .typeset import Typesetter, plain_name

TYPICAL, WORST = 4, 3
PLACES = 1500  # along the variable, for curves
REFERENCE_PLACES = 24
REFERENCE_SECONDS = 25.0  # for all references together: an oscillation or a stiff equation may take long


@dataclass
class Point:
    """One point that is drawn as curves."""

    position: int  # in the scan
    sample: int
    colour: int  # 1, 2, ... of the style sheet
    parameters: dict[str, float]


class Report:
    """What the sections have in common, read once."""

    def __init__(self, scan: Scan, progress: Progress) -> None:
        self.scan = scan
        self.problem = scan.problem
        self.progress = progress
        self.math = Typesetter(scan.problem)
        progress("reading")
        self.status = self.column("status")
        self.sample = scan.sample
        self.done = self.status > 0
        self.meanings = dict(zip(np.atleast_1d(scan["status"].attrs["flag_values"]).tolist(),
                                 str(scan["status"].attrs["flag_meanings"]).split()))
        self.estimate = self.column("error_estimate")
        self.reference = self.column("reference_error")
        self.matching = self.column("matching_error")
        self.space = Space(scan)
        self.x = np.asarray(scan[self.problem.symbol], dtype=float)
        training = scan.job.get("training") or {}
        self.method = str(training.get("method", "gauss_newton"))
        self.ansatz = str(training.get("ansatz", "frames"))
        self.tolerance = float(training["tolerance"]) if "tolerance" in training else None
        self.can_evaluate = self._can_evaluate()
        self.time_left = REFERENCE_SECONDS
        self.no_reference = ""  # why some points have no independent values
        self._evaluated: dict[int, dict[str, np.ndarray]] = {}
        self.references: dict[int, tuple[np.ndarray, dict[str, np.ndarray]]] = {}

    def column(self, name: str) -> np.ndarray:
        """Of a quantity per point; of NaN where the file has none."""
        if name not in self.scan:
            return np.full(len(self.scan), np.nan)
        return np.asarray(self.scan[name])

    def _can_evaluate(self) -> bool:
        try:
            return bool(self.scan.networks.method)
        except AnalysisError:
            return False

    @property
    def trained(self) -> np.ndarray:
        """Points whose results count: converged, and those of matching alone."""
        good = (self.status == CONVERGED) | (self.status == self._code("matching_only"))
        return good if good.any() else self.status == self._code("not_converged")

    def _code(self, meaning: str) -> int:
        return next((code for code, name in self.meanings.items() if name == meaning), -1)

    def variable_label(self) -> str:
        label = plain_name(self.problem.symbol)
        return with_unit(f"{self.problem.label} {label}" if self.problem.label else label, self.problem.unit)

    def label(self, name: str) -> str:
        attributes = self.scan._description(name)
        return with_unit(plain_name(name), str(attributes.get("units", "1")))

    # --- points drawn as curves ---------------------------------------------

    def point(self, position: int, colour: int) -> Point:
        sample = int(self.sample[position])
        return Point(position, sample, colour, self.scan.parameter_values(sample))

    def typical(self) -> list[Point]:
        chosen = self.space.spread(np.flatnonzero(self.trained), TYPICAL)
        return [self.point(position, number) for number, position in enumerate(chosen, start=1)]

    def worst(self) -> list[Point]:
        """Largest errors first, but not next to each other; points that failed altogether have no curve."""
        errors = np.where(self.done & np.isfinite(self.estimate), self.estimate, -np.inf)
        if not np.isfinite(errors).any():
            errors = np.where(self.done & np.isfinite(self.reference), self.reference, -np.inf)
        order = np.argsort(-errors, kind="stable")
        order = order[np.isfinite(errors[order])]
        if order.size <= TYPICAL:  # all of them are drawn as typical points
            return []
        chosen = self.space.leaders(order, WORST)
        return [self.point(position, number) for number, position in enumerate(chosen, start=1)]

    def curve(self, point: Point, name: str) -> tuple[np.ndarray, np.ndarray] | None:
        """An unknown of a point: from its networks where they are stored, else at the output points."""
        if self.can_evaluate:
            x = self.dense_places()
            return x, self.evaluated(point)[name]
        if name in self.scan:
            return self.x, np.asarray(self.scan[name][point.position], dtype=float)
        return None

    def dense_places(self) -> np.ndarray:
        low, high = self.problem.range
        return np.geomspace(low, high, PLACES) if self.problem.log else np.linspace(low, high, PLACES)

    def evaluated(self, point: Point) -> dict[str, np.ndarray]:
        if point.sample not in self._evaluated:
            values = self.scan.evaluate(point.sample, self.dense_places())
            self._evaluated[point.sample] = {str(name): values[name].values for name in values}
        return self._evaluated[point.sample]

    def solved(self, point: Point, until: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Independent values of the unknowns at some places, up to the output point `until`."""
        if point.sample not in self.references:
            places = self.x[np.unique(np.linspace(0, until - 1, REFERENCE_PLACES).astype(int))]
            self.references[point.sample] = places, self._integrate(point, places)
        return self.references[point.sample]

    def _integrate(self, point: Point, places: np.ndarray) -> dict[str, np.ndarray]:
        if self.time_left <= 0:
            self.no_reference = f"all together would take more than {REFERENCE_SECONDS:g} s"
            return {}
        self.progress(f"integrating the equation of sample {point.sample} for reference")
        begin = time.monotonic()
        scales = []
        for name in self.problem.states:
            found = self.curve(point, name)
            scales.append(smallest_envelope(found[1]) if found else 1.0)
        try:
            return reference.solve(self.problem, point.parameters, places, scales, relative=1e-6)
        except reference.Unavailable as reason:
            self.no_reference = str(reason)
        except (ValueError, ArithmeticError) as error:
            self.no_reference = f"the integrator failed, {error}"
        finally:
            self.time_left -= time.monotonic() - begin
        return {}


def smallest_envelope(values: np.ndarray) -> float:
    """The smallest size that a function has over a stretch of places (not at its zeros)."""
    sizes = np.abs(values[np.isfinite(values)])
    if not sizes.size:
        return 1.0
    return max(float(min(part.max() for part in np.array_split(sizes, max(1, sizes.size // 10)))), 1e-300)
