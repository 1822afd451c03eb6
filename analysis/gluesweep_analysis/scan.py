"""A sweep file as a lazy xarray.Dataset, with filters, selection and the evaluation of its networks."""
from __future__ import annotations

import os
from typing import Any, Iterator, Mapping

import h5py
import numpy as np
import xarray

from .errors import AnalysisError
from .networks import Evaluation, Networks
from .problem import Problem, load_job
from .rows import lazy, read_rows

CONVERGED = 1
FORMAT_VERSION = 1


def text(value: Any) -> Any:
    """An HDF5 attribute: texts as str, numbers and short arrays as they are."""
    if isinstance(value, (bytes, np.bytes_)):
        return value.decode()
    return value.item() if isinstance(value, np.generic) else value


class ScanFile:
    """The open file: its attributes, and its arrays by name."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        try:
            # A scan may be looked at while it is being computed.
            self.file = h5py.File(self.path, "r", locking=False)
        except OSError as error:
            raise AnalysisError(f"cannot read '{self.path}': {error}") from None
        self.root = {name: text(value) for name, value in self.file.attrs.items()}
        if "comparison_format_version" in self.root:
            raise AnalysisError(f"'{self.path}' is a file of gluesweep compare, not a scan: "
                                "analysis/compare.py draws it")
        if "job" not in self.root or "status" not in self.file:
            raise AnalysisError(f"'{self.path}' is an HDF5 file, but not a sweep file of gluesweep: "
                                "it has no stored job")
        if self.root.get("format_version") != FORMAT_VERSION:
            version = self.root.get("format_version")
            raise AnalysisError(f"'{self.path}' has format version {version}; this package reads version "
                                f"{FORMAT_VERSION}: use the package that came with the program that wrote it")
        group = self.file.get("network")
        self.attributes: dict[str, Any] = {}
        if group is not None:
            self.attributes = {name: text(value) for name, value in group.attrs.items()}
        self._cache: dict[str, np.ndarray] = {}

    def dataset(self, name: str) -> h5py.Dataset:
        """By name, of the group /network where the root has none of that name."""
        return self.file[name] if name in self.file else self.file["network"][name]

    def array(self, name: str) -> np.ndarray:
        """A small array, whole and kept; of those with a row for every point only an empty array of that shape."""
        if name not in self._cache:
            found = self.file["network"][name]
            by_point = found.shape[:1] == self.file["status"].shape and name in ("head", "map", "scale")
            self._cache[name] = np.empty((0, *found.shape[1:])) if by_point else found[...]
        return self._cache[name]

    def rows(self, name: str, rows: np.ndarray) -> np.ndarray:
        return read_rows(self.dataset(name), rows)


def _open_dataset(file: ScanFile) -> xarray.Dataset:
    """All variables of the root group, none of them read."""
    coordinates = {name for name, item in file.file.items()
                   if isinstance(item, h5py.Dataset) and item.ndim == 1 and h5py.h5ds.is_scale(item.id)}
    variables = {}
    for name in _in_order_of_creation(file.file):
        item = file.file[name]
        if not isinstance(item, h5py.Dataset):
            continue
        dimensions = [name] if name in coordinates else [_dimension(item, axis) for axis in range(item.ndim)]
        attributes = {key: text(value) for key, value in item.attrs.items()
                      if key not in ("DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME", "_FillValue",
                                     "_Netcdf4Dimid", "_Netcdf4Coordinates", "_nc3_strict")}
        values = item[...] if name in coordinates else lazy(item)
        variables[name] = xarray.Variable(dimensions, values, attributes)
    attributes = {name: value for name, value in file.root.items() if not name.startswith("_NC")}
    return xarray.Dataset(variables, attrs=attributes)


def _in_order_of_creation(group: h5py.Group) -> Iterator[str]:
    names: list[bytes] = []
    group.id.links.iterate(names.append, idx_type=h5py.h5.INDEX_CRT_ORDER)
    return (name.decode() for name in names)


def _dimension(item: h5py.Dataset, axis: int) -> str:
    return item.dims[axis][0].name.rsplit("/", 1)[-1]


class Scan:
    """The points of a sweep file, or some of them.

    `dataset` is an xarray.Dataset that reads what is asked for, when it is asked for. Points are named by their sample
    id everywhere, as in the coordinate `sample`. Filters and selections return a smaller Scan of the same file.
    """

    def __init__(self, file: ScanFile, dataset: xarray.Dataset | None = None, rows: np.ndarray | None = None) -> None:
        self._file = file
        self.path = file.path
        self.attributes: dict[str, Any] = file.root
        self.job: dict[str, Any] = load_job(file.root["job"])
        self.problem = Problem(self.job)
        self.dataset = _open_dataset(file) if dataset is None else dataset
        self._rows = np.arange(file.file["status"].shape[0]) if rows is None else rows
        self._networks: Networks | None = None

    def __len__(self) -> int:
        return int(self._rows.size)

    def __getitem__(self, name: str) -> xarray.DataArray:
        return self.dataset[name]

    def __contains__(self, name: str) -> bool:
        return name in self.dataset.variables

    def __enter__(self) -> Scan:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file: nothing more can be read from this scan, nor from its selections."""
        self._file.file.close()

    def __repr__(self) -> str:
        return f"<Scan of {self.problem.name}: {len(self):,} points, parameters {', '.join(self.parameters) or 'none'}>"

    # --- what the scan is over ---------------------------------------------------------------------------------------

    @property
    def parameters(self) -> list[str]:
        """The parameters that the file has a value of for every point."""
        return str(self.attributes.get("swept_parameters", "")).split()

    @property
    def sample(self) -> np.ndarray:
        """Ids of the points."""
        return np.asarray(self.dataset["sample"])

    @property
    def fixed(self) -> dict[str, float]:
        """Values of the parameters that all points share."""
        swept = (self.job.get("sweep") or {}).get("parameters") or {}
        values = {name: entry["default"] for name, entry in self.problem.parameters.items() if "default" in entry}
        values.update({name: value for name, value in swept.items() if not isinstance(value, dict)})
        return {name: float(value) for name, value in values.items() if name not in self.parameters}

    def parameter_values(self, sample: int) -> dict[str, float]:
        """All parameters of one point."""
        row = self._rows_of(sample)
        return {**self.fixed, **{name: float(self._file.rows(name, row)[0]) for name in self.parameters}}

    def is_log(self, parameter: str) -> bool:
        """Whether the job sweeps it in its logarithm; of a list of values, whether they span two decades."""
        entry = ((self.job.get("sweep") or {}).get("parameters") or {}).get(parameter)
        if isinstance(entry, dict) and "scale" in entry:
            return entry["scale"] == "log"
        values = np.asarray(self.dataset[parameter])
        return bool(values.size > 1 and values.min() > 0 and values.max() > 100 * values.min())

    # --- fewer points ------------------------------------------------------------------------------------------------

    def only(self, chosen: np.ndarray) -> Scan:
        """The points with these positions in this scan, or those where a boolean array is true."""
        chosen = np.asarray(chosen)
        positions = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        scan = Scan(self._file, self.dataset.isel(sample=positions), self._rows[positions])
        scan._networks = self._networks
        return scan

    def converged(self) -> Scan:
        return self.only(np.asarray(self.dataset["status"]) == CONVERGED)

    def error_below(self, limit: float, column: str = "error_estimate") -> Scan:
        """Points whose error is known and below the limit; by default the estimated one."""
        return self.only(np.asarray(self.dataset[column]) < limit)

    def select(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> Scan:
        """Points by parameter values: select(k1=slice(0.1, 0.2), k2=50).

        A slice keeps a range, ends included; a number asks for the nearest point, in the scale in which the job sweeps
        the parameter, and several numbers for the point nearest to all of them. A mapping does for names that Python
        reserves: select({"lambda": 1e9}).
        """
        wanted = {**(values or {}), **more}
        for name in wanted:
            if name not in self.parameters:
                raise AnalysisError(f"this scan does not vary '{name}'; it varies {', '.join(self.parameters)}")
        keep = np.ones(len(self), dtype=bool)
        for name, value in wanted.items():
            if isinstance(value, slice):
                column = np.asarray(self.dataset[name])
                keep &= column >= (-np.inf if value.start is None else value.start)
                keep &= column <= (np.inf if value.stop is None else value.stop)
        scan = self.only(keep)
        numbers = {name: float(value) for name, value in wanted.items() if not isinstance(value, slice)}
        return scan._nearest(numbers) if numbers and len(scan) else scan

    def _nearest(self, target: Mapping[str, float]) -> Scan:
        distance = np.zeros(len(self))
        for name, value in target.items():
            column = np.asarray(self.dataset[name])
            if self.is_log(name):
                if value <= 0:
                    raise AnalysisError(f"{name} = {value:g}: this scan varies {name} in its logarithm")
                column, value = np.log(column), np.log(value)
            distance += ((column - value) / (np.ptp(column) or 1.0)) ** 2
        return self.only(np.array([int(np.argmin(distance))]))

    # --- what was computed -------------------------------------------------------------------------------------------

    def _some(self, names: list[str]) -> xarray.Dataset:
        return self.dataset[[name for name in names if name in self.dataset.variables]]

    @property
    def limits(self) -> xarray.Dataset:
        """The asymptotic constants, <patch>_<constant>_limit."""
        return self._some([f"{name}_limit" for patch in self.problem.patches for name in patch.columns()])

    @property
    def crossovers(self) -> xarray.Dataset:
        """Where neighbouring regimes change over, crossover_<p>_<q>."""
        names = [patch.name for patch in self.problem.patches]
        return self._some([f"crossover_{p}_{q}" for p, q in zip(names, names[1:])])

    @property
    def derived(self) -> xarray.Dataset:
        """The job's derived quantities."""
        return self._some(list(self.problem.derived))

    def evaluate(self, sample: Any, x: Any) -> xarray.Dataset:
        """The unknowns and their lower derivatives at any places of the variable's range, from the stored networks.

        sample: an id or several; x: a place or several. The dimensions `sample` and that of the variable are those that
        several were given for.
        """
        return self._evaluated(sample, x, "state")

    def coefficients(self, sample: Any, x: Any) -> xarray.Dataset:
        """The coefficient functions <patch>_<constant> as they were trained, NaN outside their patch's region.

        (The stored ones go on outside: there they are the constants that express the solution in the patch's form.)
        """
        if self.networks.method == "plain":
            raise AnalysisError("networks for the unknowns themselves (training.method=plain) have no coefficients; "
                                "the stored <patch>_<constant> are the constants that express their solution")
        return self._evaluated(sample, x, "coefficients")

    @property
    def networks(self) -> Networks:
        if self._networks is None:
            self._networks = Networks(self._file, self.problem, self.job.get("training") or {})
        return self._networks

    def _rows_of(self, sample: Any) -> np.ndarray:
        """Rows of the file that hold these samples."""
        wanted = np.atleast_1d(np.asarray(sample)).astype(np.int64)
        first = int(self.attributes.get("first_sample", 0))
        rows = wanted - first
        outside = (rows < 0) | (rows >= self._file.file["status"].shape[0])
        if outside.any():
            last = first + self._file.file["status"].shape[0] - 1
            raise AnalysisError(f"there is no sample {wanted[outside][0]}: '{self.path}' has {first} to {last}")
        return rows

    def _places(self, x: Any) -> np.ndarray:
        places = np.atleast_1d(np.asarray(x, dtype=float))
        if places.ndim != 1:
            raise AnalysisError(f"places are a number or a list of numbers, not an array of shape {places.shape}")
        low, high = self.problem.range
        slack = 1e-12 * max(abs(low), abs(high))  # an end that was computed, as by geomspace
        if not ((places >= low - slack) & (places <= high + slack)).all():
            wrong = places[~((places >= low - slack) & (places <= high + slack))][0]
            raise AnalysisError(f"{self.problem.symbol} = {wrong:g} is outside the domain of this scan, "
                                f"{low:g} to {high:g}: nothing was trained there")
        return np.clip(places, low, high)

    def _evaluated(self, sample: Any, x: Any, part: str) -> xarray.Dataset:
        networks, rows, places = self.networks, self._rows_of(sample), self._places(x)
        pending = self._file.rows("status", rows) == 0
        at_once = max(1, networks.places_at_once // places.size)
        pieces: list[Evaluation] = []
        for first in range(0, rows.size, at_once):
            some = rows[first:first + at_once]
            values: dict[str, Any] = {name: np.float64(value) for name, value in self.fixed.items()}
            values.update({name: self._file.rows(name, some)[:, None] for name in self.parameters})
            pieces.append(networks.evaluate(some, places[None, :], values))
        arrays = {name: np.concatenate([getattr(piece, part)[name] for piece in pieces])
                  for name in getattr(pieces[0], part)}
        for values_of in arrays.values():
            values_of[pending] = np.nan  # rows that nothing was written to yet
        return self._labelled(arrays, sample, x, rows, places)

    def _labelled(self, arrays: Mapping[str, np.ndarray], sample: Any, x: Any, rows: np.ndarray,
                  places: np.ndarray) -> xarray.Dataset:
        symbol = self.problem.symbol
        found = xarray.Dataset(
            {name: (("sample", symbol), values, self._description(name)) for name, values in arrays.items()},
            coords={"sample": ("sample", rows + int(self.attributes.get("first_sample", 0))),
                    symbol: (symbol, places, dict(self.dataset[symbol].attrs))})
        for name, given in (("sample", sample), (symbol, x)):
            if np.ndim(given) == 0:
                found = found.isel({name: 0})
        return found

    def _description(self, name: str) -> dict[str, Any]:
        """Unit and long name as stored, also where the variable itself is not."""
        if name in self.dataset.variables:
            return dict(self.dataset[name].attrs)
        for unknown in self.problem.unknown_list:
            if name == unknown.name:
                return {"units": unknown.unit, "long_name": unknown.label or name}
        return {"long_name": name}


def open_scan(path: str | os.PathLike[str]) -> Scan:
    """Opens a sweep file; nothing of its results is read before it is asked for."""
    return Scan(ScanFile(path))
