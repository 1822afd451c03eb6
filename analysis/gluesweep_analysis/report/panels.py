"""The figures of a report, each from plain arrays."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

import numpy as np
from matplotlib.colors import LogNorm, Normalize

from .figures import DASHES, INK, MUTED, RASTER, SERIES, SURFACE, Panel, colours, spans_decades
from .space import Axis, Space, Statistic, grouped, largest_of_groups, mean_of_groups, median_of_groups

FEW = 1500  # points that are drawn one by one; more are drawn in cells
MOST_CELLS = (56, 40)
PER_CELL = 4  # points on average, so that hardly any cell is empty


@dataclass
class Curve:
    """One point's function of the variable."""

    x: np.ndarray
    y: np.ndarray
    colour: str
    dash: int = 0
    width: float = 1.6
    alpha: float = 1.0


# --- over the parameter space -----------------------------------------------------------------------------------------


def over_parameters(space: Space, values: np.ndarray, label: str, log: bool, worst: bool) -> tuple[Panel, list[Axis]]:
    """A quantity over the parameters that matter most to it; of many points the largest (worst) or median ones."""
    values = np.where(values > 0, values, np.nan) if log else values
    axes = space.most_important(np.log10(values) if log else values)
    if len(axes) == 1:
        return _over_one(axes[0], values, label, log), axes
    return _over_two(axes, values, label, log, largest_of_groups if worst else median_of_groups), axes


def _over_one(axis: Axis, values: np.ndarray, label: str, log: bool) -> Panel:
    panel = Panel()
    known = np.isfinite(values)
    if known.sum() <= FEW:
        panel.axes.scatter(axis.values[known], values[known], s=_mark_size(known.sum()), color=RASTER, linewidths=0,
                           alpha=0.8, rasterized=known.sum() > 400)
    else:
        _band(panel, axis, values)
    panel.axes.set_xscale("log" if axis.log else "linear")
    panel.axes.set_yscale("log" if log else "linear")
    panel.finish(axis.label, label)
    return panel


def _band(panel: Panel, axis: Axis, values: np.ndarray, count: int = 240) -> None:
    """Smallest, median and largest value along the axis."""
    edges, bins = axis.edges(count), axis.bins(count)
    middle = np.sqrt(edges[1:] * edges[:-1]) if axis.log else 0.5 * (edges[1:] + edges[:-1])
    low = -grouped(bins, -values, count, largest_of_groups)
    high = grouped(bins, values, count, largest_of_groups)
    median = grouped(bins, values, count, median_of_groups)
    panel.axes.fill_between(middle, low, high, color=SERIES[0], alpha=0.25, linewidth=0)
    panel.axes.plot(middle, median, color=SERIES[0])


def _mark_size(count: int) -> float:
    return float(np.clip(9000.0 / max(1, count), 3.0, 30.0))


def _over_two(axes: Sequence[Axis], values: np.ndarray, label: str, log: bool, statistic: Statistic) -> Panel:
    panel = Panel()
    x, y = axes
    known = np.isfinite(values)
    low, high = np.quantile(values[known], [0.005, 0.995]) if known.any() else (0.0, 1.0)
    if not low < high:
        low, high = (low / 1.5, low * 1.5) if log else (low - 0.5, low + 0.5)
    norm = LogNorm(low, high) if log else Normalize(low, high)
    if known.sum() <= FEW:
        order = np.argsort(values[known], kind="stable")  # the largest on top
        drawn = panel.axes.scatter(x.values[known][order], y.values[known][order], c=values[known][order], norm=norm,
                                   s=_mark_size(known.sum()), cmap="viridis", linewidths=0, rasterized=True)
    else:
        drawn = _cells(panel, x, y, values, statistic, norm)
    panel.axes.set_xscale("log" if x.log else "linear")
    panel.axes.set_yscale("log" if y.log else "linear")
    outside = bool(known.any() and (values[known].min() < low or values[known].max() > high))
    panel.bar(drawn, label, log, "both" if outside else "neither")
    panel.finish(x.label, y.label)
    panel.axes.grid(False)
    return panel


def _cells(panel: Panel, x: Axis, y: Axis, values: np.ndarray, statistic: Statistic, norm: Normalize) -> Any:
    fill = np.sqrt(np.isfinite(values).sum() / PER_CELL / (MOST_CELLS[0] * MOST_CELLS[1]))
    columns, rows = (max(2, int(min(1.0, fill) * most)) for most in MOST_CELLS)
    table = grouped(x.bins(columns) * rows + y.bins(rows), values, columns * rows, statistic).reshape(columns, rows)
    return panel.axes.pcolormesh(x.edges(columns), y.edges(rows), np.ma.masked_invalid(table.T), norm=norm,
                                 cmap="viridis", rasterized=True)


def status_map(space: Space, kinds: Sequence[tuple[str, np.ndarray]]) -> Panel:
    """Where the points of each kind lie, in colours on top of all others in grey."""
    panel = Panel()
    is_other = np.any([mask for _, mask in kinds], axis=0)
    axes = space.most_important(is_other.astype(float))
    x = axes[0]
    # Along a single parameter points are spread out upwards, so that they do not hide each other.
    y_values = axes[1].values if len(axes) > 1 else np.random.default_rng(0).uniform(0.1, 0.9, is_other.size)
    size = _mark_size(is_other.size)
    panel.axes.scatter(x.values[~is_other], y_values[~is_other], s=size, color="#8a94a0", alpha=0.45, linewidths=0,
                       rasterized=True)
    for colour, (_, mask) in zip(STATUS_COLOURS, kinds):
        panel.axes.scatter(x.values[mask], y_values[mask], s=max(7.0, size), color=colour, linewidths=0,
                           rasterized=True)
    panel.axes.set_xscale("log" if x.log else "linear")
    if len(axes) > 1:
        panel.axes.set_yscale("log" if axes[1].log else "linear")
    panel.finish(x.label, axes[1].label if len(axes) > 1 else "")
    if len(axes) == 1:
        panel.axes.set_yticks([])
    return panel


def share_map(space: Space, chosen: np.ndarray, label: str) -> tuple[Panel, list[Axis]]:
    """The share of many points that are chosen, over the parameters that matter most to it."""
    axes = space.most_important(chosen.astype(float))
    values = 100.0 * chosen
    panel = Panel()
    x = axes[0]
    if len(axes) == 1:
        count = 120
        edges = x.edges(count)
        panel.axes.stairs(grouped(x.bins(count), values, count, mean_of_groups), edges, color=SERIES[1], fill=True,
                          alpha=0.5)
        panel.axes.set_ylim(0, 104)
    else:
        drawn = _cells(panel, x, axes[1], values, mean_of_groups, Normalize(0.0, 100.0))
        panel.axes.set_yscale("log" if axes[1].log else "linear")
        panel.bar(drawn, label, log=False)
    panel.axes.set_xscale("log" if x.log else "linear")
    panel.finish(x.label, axes[1].label if len(axes) > 1 else label)
    return panel, axes


STATUS_COLOURS = ["#e0602a", "#c2418f", "#7a5bd0", "#b58900", "#3f8fc6"]


def along_ranges(space: Space, values: np.ndarray, label: str) -> Panel:
    """The largest and median value along each parameter's own range, for more parameters than a map can show."""
    panel = Panel()
    count = int(np.clip(np.isfinite(values).sum() / 40, 4, 40))
    middle = (np.arange(count) + 0.5) / count
    for colour, axis in zip(colours(len(space)), space.axes):
        bins = axis.bins(count)
        panel.axes.plot(middle, grouped(bins, values, count, median_of_groups), color=colour)
        panel.axes.plot(middle, grouped(bins, values, count, largest_of_groups), color=colour, linestyle=DASHES[2])
    panel.axes.set_yscale("log")
    panel.axes.set_xlim(0, 1)
    panel.finish("place in the parameter's range", label)
    return panel


# --- errors -----------------------------------------------------------------------------------------------------------


def error_distribution(sets: Sequence[tuple[np.ndarray, str]], tolerance: float | None) -> Panel:
    """Histograms over the logarithm of the error, each of 100% in all; sets: (errors, colour)."""
    panel = Panel()
    logs = [(np.log10(np.clip(errors, 1e-20, 1e20)), colour) for errors, colour in sets]
    low = min(values.min() for values, _ in logs)
    high = max(values.max() for values, _ in logs)
    if tolerance:
        low, high = min(low, np.log10(tolerance)), max(high, np.log10(tolerance))
    edges = np.linspace(np.floor(low * 2) / 2 - 0.25, np.ceil(high * 2) / 2 + 0.25, 81)
    for values, colour in logs:
        heights, _ = np.histogram(values, edges)
        panel.axes.stairs(100.0 * heights / values.size, 10.0**edges, color=colour, fill=True, alpha=0.35)
        panel.axes.stairs(100.0 * heights / values.size, 10.0**edges, color=colour, linewidth=1.1)
    if tolerance:
        panel.axes.axvline(tolerance, color=INK, linewidth=1.0, linestyle=DASHES[2])
    panel.axes.set_xscale("log")
    panel.axes.set_ylim(bottom=0)
    panel.finish("error, relative to the magnitude", "share of the points [%]")
    return panel


def calibration(estimated: np.ndarray, true: np.ndarray) -> Panel:
    """Estimated over true errors; above the line the estimate is on the safe side."""
    panel = Panel()
    smallest = 1e-17
    estimated, true = np.maximum(estimated, smallest), np.maximum(true, smallest)
    low, high = min(estimated.min(), true.min()) / 2, max(estimated.max(), true.max()) * 2
    panel.axes.plot([low, high], [low, high], color=MUTED, linewidth=1.0)
    panel.axes.scatter(true, estimated, s=_mark_size(true.size), color=RASTER, alpha=0.8, linewidths=0,
                       rasterized=true.size > 400)
    panel.axes.set_xscale("log")
    panel.axes.set_yscale("log")
    panel.axes.set_xlim(low, high)
    panel.axes.set_ylim(low, high)
    panel.finish("true error", "estimated error")
    return panel


def error_along(x: np.ndarray, log_x: bool, rows: Sequence[tuple[np.ndarray, str]], xlabel: str) -> Panel:
    """Median (line) and 95% quantile (band) over points of errors (points, places); rows: (errors, colour)."""
    panel = Panel()
    largest = 0.0
    for errors, colour in rows:
        with np.errstate(all="ignore"):
            median, high = np.nanquantile(errors, [0.5, 0.95], axis=0)
        median, high = (np.clip(values, 1e-17, 1e6) for values in (median, high))
        panel.axes.fill_between(x, median, high, color=colour, alpha=0.2, linewidth=0)
        panel.axes.plot(x, median, color=colour)
        largest = max(largest, float(np.nanmax(high)))
    panel.axes.set_xscale("log" if log_x else "linear")
    panel.axes.set_yscale("log")
    panel.axes.set_ylim(max(1e-10, largest * 1e-10), largest * 3)
    panel.finish(xlabel, "relative error of matching")
    return panel


# --- functions of the variable ----------------------------------------------------------------------------------------


def curves(lines: Sequence[Curve], dots: Sequence[Curve], marks: Sequence[Curve], log_x: bool, xlabel: str,
           ylabel: str, framing: Sequence[np.ndarray]) -> Panel:
    """Lines, open dots (references) and filled diamonds (crossovers); the frame is that of `framing`'s values."""
    panel = Panel()
    for line in lines:
        panel.axes.plot(line.x, line.y, color=line.colour, linestyle=DASHES[line.dash], linewidth=line.width,
                        alpha=line.alpha)
    for dot in dots:
        panel.axes.plot(dot.x, dot.y, linestyle="none", marker="o", markersize=3.6, markerfacecolor=SURFACE,
                        markeredgecolor=dot.colour, markeredgewidth=1.1, zorder=4)
    for mark in marks:
        panel.axes.plot(mark.x, mark.y, linestyle="none", marker="D", markersize=5, color=mark.colour,
                        markeredgecolor=SURFACE, markeredgewidth=0.9, zorder=5)
    panel.axes.set_xscale("log" if log_x else "linear")
    _frame(panel, framing)
    panel.finish(xlabel, ylabel)
    return panel


def _frame(panel: Panel, framing: Sequence[np.ndarray]) -> None:
    values = np.concatenate([part[np.isfinite(part)] for part in framing] or [np.array([])])
    if not values.size:
        return
    if spans_decades(values):
        low = max(float(np.quantile(values, 0.01)), float(values.max()) * 1e-30)
        panel.axes.set_yscale("log")
        panel.axes.set_ylim(low / 2, float(values.max()) * 4)
        return
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    panel.axes.set_ylim(low - margin, high + margin)


# --- times ------------------------------------------------------------------------------------------------------------


def block_times(first: np.ndarray, milliseconds: np.ndarray) -> Panel:
    """Time per point of each block over the id of its first sample."""
    panel = Panel()
    many = first.size > 400
    panel.axes.plot(first, milliseconds, linestyle="none", marker="o", markersize=1.8 if many else 3.2,
                    color=RASTER if many else SERIES[0], markeredgewidth=0, rasterized=many)
    panel.axes.set_yscale("log" if spans_decades(milliseconds, 1.0) else "linear")
    if panel.axes.get_yscale() == "linear":
        panel.axes.set_ylim(bottom=0)
    panel.finish("sample", "time per point [ms]")
    return panel


def efficiencies(ranks: np.ndarray, shares: np.ndarray, actual: int) -> Panel:
    """Share of the ranks' time that computing would take."""
    panel = Panel()
    panel.axes.plot(ranks, 100.0 * shares, color=SERIES[0], marker="o", markersize=4, markeredgewidth=0)
    panel.axes.axvline(actual, color=MUTED, linewidth=1.0, linestyle=DASHES[2])
    panel.axes.set_xscale("log", base=2)
    panel.axes.set_ylim(0, 104)
    panel.finish("ranks", "efficiency [%]")
    shown = ranks[:: max(1, int(np.ceil(ranks.size / 8)))]
    panel.axes.set_xticks(shown)
    panel.axes.set_xticklabels([f"{rank:,}" for rank in shown])
    panel.axes.minorticks_off()
    return panel
