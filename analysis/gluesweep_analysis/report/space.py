"""The parameter space of a scan, and quantities over it: which parameters matter, and what to draw."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Sequence

import numpy as np

from ..scan import Scan
from .typeset import plain_name

Statistic = Callable[[np.ndarray, np.ndarray], np.ndarray]


def with_unit(text: str, unit: str) -> str:
    return text if unit in ("", "1") else f"{text} [{plain_name(unit)}]"


@dataclass
class Axis:
    """One parameter that differs between the points."""

    name: str
    values: np.ndarray
    log: bool
    label: str

    @property
    def coordinate(self) -> np.ndarray:
        return np.log10(self.values) if self.log else self.values

    def edges(self, count: int) -> np.ndarray:
        """Of equal bins of the axis, in the parameter itself."""
        low, high = self.coordinate.min(), self.coordinate.max()
        edges = np.linspace(low, high, count + 1)
        return 10.0**edges if self.log else edges

    def bins(self, count: int) -> np.ndarray:
        """Number of each point's bin."""
        low, span = self.coordinate.min(), np.ptp(self.coordinate) or 1.0
        return np.minimum((self.coordinate - low) / span * count, count - 1).astype(np.int64)


def median_of_groups(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Of values sorted within their groups."""
    counts = np.diff(np.append(starts, values.size))
    return 0.5 * (values[starts + (counts - 1) // 2] + values[starts + counts // 2])


def mean_of_groups(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    return np.add.reduceat(values, starts) / np.diff(np.append(starts, values.size))


def largest_of_groups(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    return np.maximum.reduceat(values, starts)


def grouped(groups: np.ndarray, values: np.ndarray, count: int, statistic: Statistic) -> np.ndarray:
    """A statistic of the finite values of each group 0..count-1, NaN of empty groups."""
    known = np.isfinite(values)
    groups, values = groups[known], values[known]
    result = np.full(count, np.nan)
    if groups.size:
        order = np.lexsort((values, groups))
        groups, values = groups[order], values[order]
        starts = np.flatnonzero(np.append(True, np.diff(groups) > 0))
        result[groups[starts]] = statistic(values, starts)
    return result


class Space:
    """The parameters that differ between the points of a scan."""

    def __init__(self, scan: Scan) -> None:
        self.axes = []
        for name in scan.parameters:
            values = np.asarray(scan[name], dtype=float)
            if values.size and np.isfinite(values).all() and values.min() < values.max():
                attributes = scan[name].attrs
                label = with_unit(plain_name(name), attributes.get("units", "1"))
                self.axes.append(Axis(name, values, scan.is_log(name), label))

    def __len__(self) -> int:
        return len(self.axes)

    def influence(self, values: np.ndarray) -> np.ndarray:
        """Per parameter the share of the variance of `values` that it explains alone (first-order Sobol index)."""
        known = np.isfinite(values)
        count = int(np.clip(known.sum() / 30, 2, 64))
        total = values[known].var() if known.any() else 0.0
        if total <= 0:
            return np.zeros(len(self))
        shares = []
        for axis in self.axes:
            groups = axis.bins(count)[known]
            sizes = np.bincount(groups, minlength=count)
            means = np.bincount(groups, weights=values[known], minlength=count) / np.maximum(sizes, 1)
            between = (sizes * (means - values[known].mean()) ** 2).sum() / sizes.sum()
            # The means of bins scatter even where a parameter does nothing: what chance would give is taken off.
            chance = total * (np.count_nonzero(sizes) - 1) / sizes.sum()
            shares.append(max(0.0, (between - chance) / total))
        return np.array(shares)

    def most_important(self, values: np.ndarray, count: int = 2) -> list[Axis]:
        """The parameters that matter most to `values`, in the job's order."""
        order = np.argsort(-self.influence(values), kind="stable")[:count]
        return [self.axes[i] for i in sorted(order)]

    def places(self, chosen: np.ndarray) -> np.ndarray:
        """Points in the unit cube, (points, parameters)."""
        columns = [(axis.coordinate[chosen] - axis.coordinate.min()) / np.ptp(axis.coordinate) for axis in self.axes]
        return np.stack(columns, axis=1) if columns else np.zeros((chosen.size, 1))

    def spread(self, candidates: np.ndarray, count: int) -> list[int]:
        """Positions of points that lie far apart, from the middle of the space outwards, then in its order."""
        if not self.axes or candidates.size <= count:
            return [int(position) for position in candidates[:count]]
        if candidates.size > 5000:
            candidates = candidates[np.linspace(0, candidates.size - 1, 5000).astype(np.int64)]
        points = self.places(candidates)
        # Not the very corners: typical points are wanted.
        inner = np.flatnonzero((np.abs(points - 0.5) <= 0.45).all(axis=1))
        points, candidates = (points[inner], candidates[inner]) if inner.size >= count else (points, candidates)
        chosen = [int(np.argmin(np.abs(points - 0.5).max(axis=1)))]
        distance = np.full(candidates.size, np.inf)
        while len(chosen) < count:
            distance = np.minimum(distance, np.abs(points - points[chosen[-1]]).max(axis=1))
            chosen.append(int(np.argmax(distance)))
        return [int(candidates[i]) for i in sorted(chosen, key=lambda index: tuple(points[index]))]

    def leaders(self, candidates: np.ndarray, count: int, least_distance: float = 0.15) -> list[int]:
        """The first of the candidates that are not next to one taken before."""
        if candidates.size == 0:
            return []
        points = self.places(candidates)
        left = np.ones(candidates.size, dtype=bool)
        chosen: list[int] = []
        while left.any() and len(chosen) < count:
            first = int(np.argmax(left))
            chosen.append(int(candidates[first]))
            left &= np.abs(points - points[first]).max(axis=1) > least_distance
            left[first] = False
        return chosen


def names_of(axes: Sequence[Axis]) -> str:
    return " and ".join(plain_name(axis.name) for axis in axes)
