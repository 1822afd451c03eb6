"""An emulator file (docs/EMULATOR.md) evaluated with numpy from its arrays alone."""
from __future__ import annotations

import os
import warnings
from typing import Any, Mapping

import h5py
import numpy as np

from .errors import AnalysisError
from .networks import Evaluation, Trunk, assembled
from .problem import Problem, load_job

FORMAT_VERSION = 1
EDGE = 1.0 + 1e-9  # rounding of a parameter at the end of its range
NEIGHBOURS = 9  # held-out points whose largest error is the one to expect


class Regression:
    """z (B, p) -> (B, q): a Chebyshev polynomial, and a Gaussian process or a perceptron on top."""

    def __init__(self, group: h5py.Group) -> None:
        self.kind = str(group.attrs["kind"])
        self.arrays = {name: item[...] for name, item in group.items()}

    def __call__(self, z: np.ndarray) -> np.ndarray:
        exponents = self.arrays["exponents"].astype(int)
        basis = np.ones((z.shape[0], exponents.shape[0]))
        for axis in range(z.shape[1]):  # T_n(z) at all orders, and the one of each term
            basis *= np.polynomial.chebyshev.chebvander(z[:, axis], exponents[:, axis].max())[:, exponents[:, axis]]
        result = basis @ self.arrays["coefficients"]
        if self.kind == "gaussian_process":
            u, v = z / self.arrays["lengths"], self.arrays["places"] / self.arrays["lengths"]
            squares = ((u[:, None, :] - v[None, :, :]) ** 2).sum(axis=2)
            result = result + np.exp(-0.5 * squares) @ self.arrays["weights"]
        elif self.kind == "perceptron":
            count = sum(name.startswith("weight_") for name in self.arrays)
            h = z
            for layer in range(1, count + 1):
                h = h @ self.arrays[f"weight_{layer}"].T + self.arrays[f"bias_{layer}"]
                h = np.tanh(h) if layer < count else h
            result = result + h
        elif self.kind != "chebyshev":
            raise AnalysisError(f"there is no regression of the kind '{self.kind}'; known are chebyshev, "
                                "gaussian_process and perceptron: use the package that came with the program")
        return result


class Emulator:
    """theta -> solution, at any place: outside its domain NaN, or a warning, as asked."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        try:
            file = h5py.File(path, "r")
        except OSError as error:
            raise AnalysisError(f"cannot read '{os.fspath(path)}': {error}") from None
        with file:
            if file.attrs.get("emulator_format_version") != FORMAT_VERSION:
                raise AnalysisError(f"'{os.fspath(path)}' is not an emulator of format version {FORMAT_VERSION}")
            self.job = load_job(str(file.attrs["job"]))
            self.names = [name.decode() for name in file["parameter"]]
            self.low, self.high = file["parameter_low"][...], file["parameter_high"][...]
            self.log = file["parameter_logarithmic"][...] == 1.0
            self.mean, self.modes = file["mean"][...], file["modes"][...]
            self.patches, self.numbers, self.constants, self.terms = file["layout_extents"][...].astype(int)
            self.layout_logarithm = file["layout_logarithm"][...] == 1.0
            self.regressions = {name: Regression(file[name]) for name in ("layout", "amplitudes", "quantities")}
            trunk = {name: item[...] for name, item in file["trunk"].items()}
            self.trunk = Trunk(file.attrs, trunk)
            self.scalar_names = [name.decode() for name in file["scalar"]] if "scalar" in file else []
            self.scalar_logarithm = file["scalar_logarithm"][...] == 1.0 if "scalar" in file else np.zeros(0, bool)
            self.training_z, self.reach = file["training_z"][...], float(file.attrs["reach"])
            self.held_out_z, self.held_out_errors = file["held_out/z"][...], file["held_out/solution"][...]
        self.problem = Problem(self.job)
        swept = (self.job.get("sweep") or {}).get("parameters") or {}
        values = {name: entry["default"] for name, entry in self.problem.parameters.items() if "default" in entry}
        values.update({name: value for name, value in swept.items() if not isinstance(value, dict)})
        self.fixed = {name: np.float64(value) for name, value in values.items() if name not in self.names}

    def normalised(self, theta: Mapping[str, Any] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Parameters as rows (B, p), by name or in the order of `names`; and z, -1 to 1 within their ranges."""
        if isinstance(theta, Mapping):
            missing = set(self.names) ^ set(theta)
            if missing:
                raise AnalysisError(f"the emulator's parameters are {', '.join(self.names)}; not given or unknown: "
                                    f"{', '.join(sorted(missing))}")
            theta = np.stack(np.broadcast_arrays(*(np.atleast_1d(theta[name]) for name in self.names)), axis=1)
        rows = np.atleast_2d(np.asarray(theta, dtype=float))

        def scaled(values: np.ndarray) -> np.ndarray:
            with np.errstate(all="ignore"):
                return np.where(self.log, np.log(np.where(self.log, values, 1.0)), values)

        low, high = scaled(self.low), scaled(self.high)
        return rows, 2.0 * (scaled(rows) - low) / (high - low) - 1.0

    def inside(self, theta: Mapping[str, Any] | np.ndarray) -> np.ndarray:
        """(B) whether the emulator knows: within all ranges, and not in a hole of the scan."""
        z = self.normalised(theta)[1]
        return (np.abs(z) <= EDGE).all(axis=1) & (self._nearest(z, self.training_z, 1)[1][:, 0] <= self.reach)

    def expected_error(self, theta: Mapping[str, Any] | np.ndarray) -> np.ndarray:
        """(B) of the solution, over its magnitude: the largest of the nearest held-out points."""
        nearest, _ = self._nearest(self.normalised(theta)[1], self.held_out_z, NEIGHBOURS)
        return np.where(self.inside(theta), np.nanmax(self.held_out_errors[nearest], axis=1), np.nan)

    @staticmethod
    def _nearest(z: np.ndarray, places: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        distances = np.stack([np.sqrt(((row - places) ** 2).sum(axis=1)) for row in z])
        nearest = np.argsort(distances, axis=1)[:, :count]
        return nearest, np.take_along_axis(distances, nearest, axis=1)

    def solution(self, theta: Mapping[str, Any] | np.ndarray, x: Any, outside: str = "nan") -> dict[str, np.ndarray]:
        """{unknown or lower derivative: (B, M)} at places x (M). outside: nan, warn, or extrapolate."""
        return self._masked(theta, self._evaluate(theta, x).state, outside)

    def coefficients(self, theta: Mapping[str, Any] | np.ndarray, x: Any,
                     outside: str = "nan") -> dict[str, np.ndarray]:
        """{<patch>_<constant>: (B, M)}, NaN outside the patch's region."""
        return self._masked(theta, self._evaluate(theta, x).coefficients, outside)

    def scalars(self, theta: Mapping[str, Any] | np.ndarray, outside: str = "nan") -> dict[str, np.ndarray]:
        """{derived quantity, limit or crossover: (B)}."""
        values = self.regressions["quantities"](self.normalised(theta)[1])
        values[:, self.scalar_logarithm] = np.exp(values[:, self.scalar_logarithm])
        return self._masked(theta, dict(zip(self.scalar_names, values.T)), outside)

    def _evaluate(self, theta: Mapping[str, Any] | np.ndarray, x: Any) -> Evaluation:
        rows, z = self.normalised(theta)
        layout = self.regressions["layout"](z)
        layout[:, self.layout_logarithm] = np.exp(layout[:, self.layout_logarithm])
        maps = layout[:, :self.patches * self.numbers].reshape(-1, self.patches, self.numbers)
        scales = layout[:, self.patches * self.numbers:].reshape(-1, self.constants, self.terms)
        head = self.mean + np.tensordot(self.regressions["amplitudes"](z), self.modes, 1)  # (B, F, K)

        def networks(columns: slice, xi: np.ndarray, scale: np.ndarray) -> np.ndarray:
            return scale * np.swapaxes(self.trunk.features(xi) @ head[:, :, columns], 1, 2)

        position = np.broadcast_to(np.atleast_1d(np.asarray(x, dtype=float)), (len(z), np.size(x)))
        parameters = {**self.fixed, **{name: rows[:, j, None] for j, name in enumerate(self.names)}}
        with np.errstate(all="ignore"):
            return assembled(self.problem, maps, scales, networks, position, parameters, is_sum=False)

    def _masked(self, theta: Mapping[str, Any] | np.ndarray, values: dict[str, np.ndarray],
                outside: str) -> dict[str, np.ndarray]:
        if outside not in ("nan", "warn", "extrapolate"):
            raise ValueError(f"outside is nan, warn or extrapolate, not {outside!r}")
        inside = self.inside(theta)
        if outside == "warn" and not inside.all():
            warnings.warn(f"{np.count_nonzero(~inside)} of {inside.size} points are outside the emulator's domain: the "
                          "values there are extrapolated", stacklevel=3)
        if outside != "nan":
            return values
        return {name: np.where(inside.reshape(-1, *[1] * (own.ndim - 1)), own, np.nan) for name, own in values.items()}


def open_emulator(path: str | os.PathLike[str]) -> Emulator:
    return Emulator(path)
