"""Training sets for other people's emulators, from the good points of a scan."""
from __future__ import annotations

import dataclasses
import pathlib
from typing import Callable, Sequence

import numpy as np

from .errors import AnalysisError
from .scan import Scan

GOLDEN = 0.5 * (5.0 ** 0.5 - 1.0)


@dataclasses.dataclass
class Quantity:
    """One thing to learn: a number or a curve for every point."""

    name: str
    values: np.ndarray  # (points, places); one place for a number
    places: np.ndarray | None  # of a curve
    derivatives: np.ndarray | None  # (parameters, points, places), where they were asked for


@dataclasses.dataclass
class TrainingSet:
    """Inputs and outputs, row by row, and which rows are kept for testing."""

    names: list[str]
    inputs: np.ndarray  # (points, parameters)
    quantities: list[Quantity]
    test: np.ndarray  # (points) bool
    symbol: str

    def rows(self, part: str) -> np.ndarray:
        return self.test if part == "test" else ~self.test


def held_out(sample: np.ndarray, share: float) -> np.ndarray:
    """Which samples are for testing: by their ids alone, and spread evenly over any range of them."""
    return ((sample + 1) * GOLDEN) % 1.0 < share


def training_set(scan: Scan, quantities: Sequence[str], *, max_error: float = 1.0e-6, test: float = 0.1,
                 log10: Sequence[str] = (), derivatives: bool = False) -> TrainingSet:
    """The converged points with an estimated error below `max_error` and finite values of all quantities.

    `log10` names parameters and quantities to be given as decadic logarithms; derivatives follow the chain rule.
    """
    if not scan.parameters:
        raise AnalysisError(f"'{scan.path}' varies no parameter: there is nothing to learn")
    for name in log10:
        if name not in [*scan.parameters, *quantities]:
            raise AnalysisError(f"--log10: '{name}' is neither a varied parameter nor an exported quantity; there are "
                                f"{', '.join([*scan.parameters, *quantities])}")
    good = scan.converged().error_below(max_error)
    found = [_quantity(good, name, derivatives) for name in quantities]
    finite = np.ones(len(good), dtype=bool)
    for quantity in found:
        finite &= np.isfinite(quantity.values).all(axis=1)
        if quantity.derivatives is not None:
            finite &= np.isfinite(quantity.derivatives).all(axis=(0, 2))
    if not finite.any():
        raise AnalysisError(f"no point of '{scan.path}' has converged with an estimated error below {max_error:g} and finite "
                            "values: run the scan to its end, or raise --max-error")
    inputs = np.stack([np.asarray(good[name])[finite] for name in scan.parameters], axis=1)
    for quantity in found:
        quantity.values = quantity.values[finite]
        if quantity.derivatives is not None:
            quantity.derivatives = quantity.derivatives[:, finite]
    result = TrainingSet(list(scan.parameters), inputs, found, held_out(good.sample[finite], test), scan.problem.symbol)
    _take_logarithms(result, log10)
    return result


def _quantity(scan: Scan, name: str, derivatives: bool) -> Quantity:
    symbol = scan.problem.symbol
    if name not in scan or scan[name].dims not in (("sample",), ("sample", symbol)) or scan[name].dtype.kind != "f":
        raise AnalysisError(f"'{scan.path}' has no quantity '{name}'; it has {', '.join(available(scan))}")
    curve = scan[name].ndim == 2
    rows, width = len(scan), scan[name].shape[1] if curve else 1
    slopes = None
    if derivatives:
        stored = [f"{name}_by_{parameter}" for parameter in scan.parameters]
        missing = [each for each in stored if each not in scan]
        if missing:
            raise AnalysisError(f"'{scan.path}' has no derivatives of '{name}' ({missing[0]}): run the job with "
                                "output.store: [..., sensitivities]")
        slopes = np.stack([np.asarray(scan[each]).reshape(rows, width) for each in stored])
    return Quantity(name, np.asarray(scan[name]).reshape(rows, width), np.asarray(scan[symbol]) if curve else None, slopes)


def available(scan: Scan) -> list[str]:
    """Quantities of a scan that have a meaning of their own: unknowns, derived ones, limits, crossovers."""
    names = [unknown.name for unknown in scan.problem.unknown_list]
    names += [str(name) for part in (scan.derived, scan.limits, scan.crossovers) for name in part.data_vars]
    return [name for name in names if name in scan]


def _take_logarithms(data: TrainingSet, names: Sequence[str]) -> None:
    """With u = log10 x and v = log10 y, dv/du = (x/y) dy/dx."""
    for column, name in enumerate(data.names):
        if name not in names:
            continue
        values = data.inputs[:, column].copy()
        _check_positive(name, values)
        for quantity in data.quantities:
            if quantity.derivatives is not None:
                quantity.derivatives[column] *= values[:, None] * np.log(10.0)
        data.inputs[:, column] = np.log10(values)
        data.names[column] = f"log10_{name}"
    for quantity in data.quantities:
        if quantity.name not in names:
            continue
        _check_positive(quantity.name, quantity.values)
        if quantity.derivatives is not None:
            quantity.derivatives /= quantity.values * np.log(10.0)
        quantity.values = np.log10(quantity.values)
        quantity.name = f"log10_{quantity.name}"


def _check_positive(name: str, values: np.ndarray) -> None:
    if not (values > 0.0).all():
        raise AnalysisError(f"--log10: '{name}' is not positive everywhere (its least value is {values.min():g}), so it has "
                            "no logarithm: leave it out of --log10")


# --- formats ---------------------------------------------------------------------------------------------------------


def to_cosmopower(data: TrainingSet, folder: pathlib.Path) -> list[pathlib.Path]:
    """CosmoPower: a dictionary of parameters and one of `modes` and `features`, for each quantity and part."""
    written = []
    for part in ("train", "test"):
        rows = data.rows(part)
        inputs = {name: data.inputs[rows, column] for column, name in enumerate(data.names)}
        written.append(_save(folder / f"{part}_parameters.npz", inputs))
        for quantity in data.quantities:
            places = _places(quantity, "cosmopower")
            written.append(_save(folder / f"{part}_{quantity.name}.npz",
                                 {"modes": places, "features": quantity.values[rows]}))
    return written


def to_globalemu(data: TrainingSet, folder: pathlib.Path) -> list[pathlib.Path]:
    """globalemu: {train,test}_data.txt, a row of parameters a point, and {train,test}_labels.txt, a curve a point."""
    if len(data.quantities) != 1:
        raise AnalysisError(f"globalemu learns one curve at a time, not {len(data.quantities)}: name it with --quantity")
    quantity = data.quantities[0]
    places = _places(quantity, "globalemu")
    written = [folder / "z.txt"]
    np.savetxt(written[0], places)
    for part in ("train", "test"):
        rows = data.rows(part)
        for kind, values in (("data", data.inputs), ("labels", quantity.values)):
            written.append(folder / f"{part}_{kind}.txt")
            np.savetxt(written[-1], values[rows])
    return written


def to_npz(data: TrainingSet, folder: pathlib.Path) -> list[pathlib.Path]:
    """scikit-learn, BoTorch and their like: X (points, parameters), Y (points, outputs), and the columns' names."""
    names = [name for quantity in data.quantities for name in _columns(quantity)]
    outputs = np.concatenate([quantity.values for quantity in data.quantities], axis=1)
    written = []
    for part in ("train", "test"):
        rows = data.rows(part)
        written.append(_save(folder / f"{part}.npz", {"X": data.inputs[rows], "Y": outputs[rows],
                                                      "X_names": np.array(data.names), "Y_names": np.array(names)}))
    return written


def to_smt(data: TrainingSet, folder: pathlib.Path) -> list[pathlib.Path]:
    """SMT: xt (points, parameters), yt (points, outputs), dyt_dxt (parameters, points, outputs)."""
    names = [name for quantity in data.quantities for name in _columns(quantity)]
    outputs = np.concatenate([quantity.values for quantity in data.quantities], axis=1)
    slopes = np.concatenate([quantity.derivatives for quantity in data.quantities if quantity.derivatives is not None],
                            axis=2)
    written = []
    for part in ("train", "test"):
        rows = data.rows(part)
        written.append(_save(folder / f"{part}.npz",
                             {"xt": data.inputs[rows], "yt": outputs[rows], "dyt_dxt": slopes[:, rows],
                              "x_names": np.array(data.names), "y_names": np.array(names)}))
    return written


def _places(quantity: Quantity, consumer: str) -> np.ndarray:
    if quantity.places is None:
        raise AnalysisError(f"'{quantity.name}' is one number a point, and {consumer} learns curves: choose an unknown, or "
                            "export to npz or smt")
    return quantity.places


def _columns(quantity: Quantity) -> list[str]:
    if quantity.places is None:
        return [quantity.name]
    return [f"{quantity.name}({place:.17g})" for place in quantity.places]


def _save(path: pathlib.Path, arrays: dict[str, np.ndarray]) -> pathlib.Path:
    with path.open("wb") as file:
        np.savez(file, **arrays)
    return path


@dataclasses.dataclass(frozen=True)
class Format:
    write: Callable[[TrainingSet, pathlib.Path], list[pathlib.Path]]
    curves: bool  # by default the first unknown, else all derived quantities
    derivatives: bool = False


FORMATS = {"cosmopower": Format(to_cosmopower, curves=True), "globalemu": Format(to_globalemu, curves=True),
           "npz": Format(to_npz, curves=False), "smt": Format(to_smt, curves=False, derivatives=True)}


def default_quantities(scan: Scan, form: Format) -> list[str]:
    derived = [str(name) for name in scan.derived.data_vars]
    if form.curves or not derived:
        return [scan.problem.unknown_list[0].name]
    return derived


@dataclasses.dataclass(frozen=True)
class Exported:
    files: list[pathlib.Path]
    train: int  # points
    test: int


def export(scan: Scan, to: str, folder: str | pathlib.Path, quantities: Sequence[str] = (), *,
           max_error: float = 1.0e-6, test: float = 0.1, log10: Sequence[str] = ()) -> Exported:
    """Writes a training and a test set into a folder."""
    if not 0.0 < test < 1.0:
        raise AnalysisError(f"a share of {test:g} of the points cannot be held out: give a number between 0 and 1")
    form = FORMATS[to]
    data = training_set(scan, quantities or default_quantities(scan, form), max_error=max_error, test=test, log10=log10,
                        derivatives=form.derivatives)
    target = pathlib.Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        files = form.write(data, target)
    except OSError as error:
        raise AnalysisError(f"cannot write into '{target}': {error}") from None
    held = int(data.test.sum())
    return Exported(files, data.test.size - held, held)
