"""Functions of the variable: solutions and coefficients of some points."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..scan import CONVERGED
from . import page, panels
from .context import Point, Report
from .figures import SERIES, power_of_ten
from .page import escape, figure, key, keys, paragraph, table
from .panels import Curve
from .quantities import crossover_figures
from .typeset import plain_name
from .words import count, in_words, rough, sentence

MOST_FUNCTIONS = 12  # panels of coefficients
ALONG = 400  # points whose whole solutions are compared with matching
ROUNDING = 1e-13  # a constant that stays below is zero
CROWDED = 0.35  # share of sign changes among neighbouring places above which an oscillation is not drawn


def solutions(report: Report, typical: list[Point], worst: list[Point]) -> str:
    groups = [("typical points", typical), ("largest errors", worst)]
    figures = [drawn for name in report.problem.unknowns for title, points in groups if points
               for drawn in [solution_figure(report, name, points, title)] if drawn]
    if not figures:
        words = "Neither solutions nor networks are stored in this file (output.store), or no point is finished."
        return page.section("solutions", "Solutions", paragraph(words, "note"))
    along = matching_along(report)
    tables = [f"<h3>{sentence(title)}</h3>{point_table(report, points)}" for title, points in groups if points]
    legend = [key("solution")]
    if report.method != "matching":
        legend.append(key("conventional matching", kind="dashed"))
    if any(values for _, values in report.references.values()):
        legend.append(key("independent integration or closed form", kind="dot"))
    without = [f"Points without independent values: {escape(report.no_reference)}."] if report.no_reference else []
    side_by_side = page.columns(*tables) if len(report.space) <= 3 else "".join(tables)
    return page.section("solutions", "Solutions", side_by_side, keys(legend + without),
                        page.panels(figures + ([along] if along else [])))


def point_table(report: Report, points: list[Point]) -> str:
    names = [axis.name for axis in report.space.axes]
    told = any(report.status[point.position] != CONVERGED for point in points)
    rows = []
    for point in points:
        row = [key(f"sample {point.sample}", f"s{point.colour}")]
        row += [power_of_ten(float(f"{point.parameters[name]:.4g}")) for name in names]
        row += [rough(report.estimate[point.position]), rough(report.reference[point.position]),
                rough(report.matching[point.position])]
        if told:
            row.append(escape(in_words(report.meanings[int(report.status[point.position])])))
        rows.append(row)
    head_row = [""] + [report.math.symbol(name) for name in names] + ["estimated error", "true error", "of matching"]
    return table(head_row + ["status"] * told, rows, numeric=range(1, len(names) + 4))


def solution_figure(report: Report, name: str, points: list[Point], group: str) -> str | None:
    report.progress(f"drawing solutions of {name}")
    lines, dots, framing = [], [], []
    cut = False
    for point in points:
        found = report.curve(point, name)
        if found is None:
            return None
        x, y = found
        shown = resolved_until(y)
        cut = cut or shown < y.size
        colour = SERIES[point.colour - 1]
        lines.append(Curve(x[:shown], y[:shown], colour))
        framing.append(y[:shown])
        stored = int(np.searchsorted(report.x, x[shown - 1], side="right"))
        if f"{name}_matching" in report.scan and report.method != "matching":
            matched = np.asarray(report.scan[f"{name}_matching"][point.position], dtype=float)
            lines.append(Curve(report.x[:stored], matched[:stored], colour, 1, 1.1, 0.8))
        places, values = report.solved(point, stored)
        if name in values:
            inside = places <= x[shown - 1]
            dots.append(Curve(places[inside], np.asarray(values[name])[inside], colour))
    panel = panels.curves(lines, dots, [], report.problem.log, report.variable_label(), report.label(name), framing)
    unknown = next(unknown for unknown in report.problem.unknown_list if unknown.name == name)
    title = f"{unknown.label} {plain_name(name)}" if unknown.label else plain_name(name)
    note = "Drawn as long as an oscillation can be told apart." if cut else ""
    return figure(panel, f"{sentence(title)}, {group}", note)


def resolved_until(values: np.ndarray) -> int:
    """How many leading places show an oscillation that the eye can follow."""
    signs = np.sign(values)
    changes = (signs[1:] * signs[:-1] < 0).astype(float)
    width = 12
    if changes.size < width:
        return values.size
    crowded = np.flatnonzero(np.convolve(changes, np.ones(width) / width, mode="valid") > CROWDED)
    return values.size if not crowded.size else int(crowded[0]) + width // 2


def matching_along(report: Report) -> str | None:
    """Where along the variable conventional matching goes wrong, for a sample of the points."""
    problem, scan = report.problem, report.scan
    names = [name for name in problem.unknowns if name in scan and f"{name}_matching" in scan]
    good = np.flatnonzero(report.status == CONVERGED)
    if not names or not good.size or report.method == "matching":
        return None
    report.progress("comparing with conventional matching")
    positions = good[np.unique(np.linspace(0, good.size - 1, ALONG).astype(int))]
    some = scan.only(positions)
    state = {name: np.asarray(some[name]) for name in problem.states if name in scan}
    parameters: dict[str, Any] = {name: np.float64(value) for name, value in scan.fixed.items()}
    parameters.update({name: np.asarray(some[name])[:, None] for name in scan.parameters})
    rows, legend = [], []
    with np.errstate(all="ignore"):
        scales = problem.error_scales(report.x[None, :], parameters, state)
        for number, name in enumerate(names):
            difference = np.abs(np.asarray(some[f"{name}_matching"]) - state[name])
            rows.append((np.where(difference == 0, 0.0, difference / scales[name]), SERIES[number % 6]))
            legend.append(key(plain_name(name), f"s{number % 6 + 1}"))
    panel = panels.error_along(report.x, problem.log, rows, report.variable_label())
    words = "Its difference from the solution"
    if positions.size > 1:
        words += f": median of {count(positions.size)}, and band up to the 95% quantile"
    return figure(panel, "Where conventional matching goes wrong",
                  f"{words}. {' '.join(legend) if len(names) > 1 else ''}")


def coefficients(report: Report, typical: list[Point]) -> str:
    figures: list[str | None] = []
    for number, patch in enumerate(report.problem.patches):
        for constant, name in zip(patch.constants, patch.columns()):
            if len(figures) < MOST_FUNCTIONS:
                figures.append(coefficient_figure(report, number, constant, name, typical))
    drawn = [text for text in figures if text]
    crossing = [text for text in crossover_figures(report) if text]
    total = sum(len(patch.constants) for patch in report.problem.patches)
    if not drawn and not crossing:
        return page.section("coefficients", "Coefficient functions and crossovers",
                            paragraph("Neither coefficients nor networks are stored in this file (output.store), or no "
                                      "point is finished.", "note"))
    words = ("The integration constants of each patch as functions, for the typical points above. Where a curve is "
             "flat the patch's form is exact; what it still has to follow shows where other terms act. ")
    if total > MOST_FUNCTIONS:
        words += f"The first {MOST_FUNCTIONS} of {total} are shown. "
    legend = keys([key(f"sample {point.sample}", f"s{point.colour}") for point in typical]
                  + [key("crossover: both patches drift equally fast", kind="diamond")])
    return page.section("coefficients", "Coefficient functions and crossovers", paragraph(words), legend,
                        page.panels(drawn + crossing))


def coefficient_figure(report: Report, number: int, constant: str, name: str, points: list[Point]) -> str | None:
    report.progress(f"drawing coefficient {name}")
    lines, marks, framing = [], [], []
    for point in points:
        found = coefficient_curve(report, number, name, point)
        if found is None:
            return None
        x, y, own = found
        colour = SERIES[point.colour - 1]
        lines.append(Curve(x, y, colour, 0, 1.0, 0.45))
        lines.append(Curve(x[own], y[own], colour, 0, 1.9))
        framing.append(y[own])
        at = crossovers_of(report, number, point)
        known = np.isfinite(y)
        if known.any():
            to_x = report.problem.to_x
            at = at[(at >= x[known][0]) & (at <= x[known][-1])]
            marks.append(Curve(at, np.interp(to_x(at), to_x(x[known]), y[known]), colour))
    if not any(np.isfinite(part).any() for part in framing):
        return None
    panel = panels.curves(lines, [], marks, report.problem.log, report.variable_label(), plain_name(constant), framing)
    note = "Zero to rounding." if max(np.nanmax(np.abs(part)) for part in framing if part.size) < ROUNDING else ""
    return figure(panel, f"{plain_name(constant)} of {in_words(report.problem.patches[number].name)}", note)


def coefficient_curve(report: Report, number: int, name: str,
                      point: Point) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """(places, values, where the patch owns the place), on the patch's region."""
    if report.can_evaluate and report.method != "plain":
        x = report.dense_places()
        y = report.scan.coefficients(point.sample, x)[name].values
    elif name in report.scan:
        x, y = report.x, np.asarray(report.scan[name][point.position], dtype=float)
    else:
        return None
    parameters = {key_: np.float64(value) for key_, value in point.parameters.items()}
    edges = [float(edge) for edge in report.problem.edges(parameters)]
    coordinate = report.problem.to_x(x)
    if report.ansatz == "sum":
        return x, y, np.isfinite(y)
    margin = 0.05 * (coordinate[-1] - coordinate[0])
    low, high = edges[number], edges[number + 1]
    near = (coordinate >= low - margin) & (coordinate <= high + margin)
    own = (coordinate >= low) & (coordinate <= high)
    return x[near], y[near], own[near]


def crossovers_of(report: Report, number: int, point: Point) -> np.ndarray:
    """Of a patch with its neighbours."""
    names = [patch.name for patch in report.problem.patches]
    pairs = [(p, p + 1) for p in (number - 1, number) if 0 <= p < len(names) - 1]
    columns = [f"crossover_{names[p]}_{names[q]}" for p, q in pairs]
    values = np.array([float(report.scan[name][point.position]) for name in columns if name in report.scan])
    return values[np.isfinite(values)]
