"""A report of a scan: one self-contained page of figures with short captions."""
from __future__ import annotations

import datetime
import pathlib
import re
import sys
import time
from dataclasses import dataclass
from typing import Any, Callable

import numpy as np

from . import page, panels, reference
from .errors import AnalysisError
from .figures import SERIES, power_of_ten, spans_decades
from .page import escape, figure, key, keys, paragraph, table
from .panels import Curve
from .scan import CONVERGED, Scan
from .space import Space, names_of, with_unit
from .typeset import Typesetter, plain_name

TYPICAL, WORST = 4, 3
MOST_FUNCTIONS, MOST_DERIVED = 12, 12  # panels
ALONG = 400  # points whose whole solutions are compared with matching
PLACES = 1500  # along the variable, for curves
REFERENCE_PLACES = 24
ROUNDING = 1e-13  # a constant that stays below is zero
CROWDED = 0.35  # share of sign changes among neighbouring output points above which an oscillation is not drawn
REFERENCE_SECONDS = 25.0  # for all references together: an oscillation or a stiff equation may take long

Progress = Callable[[str], None]


def silent(_: str) -> None:
    """No progress."""


class StderrProgress:
    """One line that is written over; on something that is no terminal, a line for each step that took long."""

    def __init__(self) -> None:
        self.begin = self.last = time.monotonic()
        self.terminal = sys.stderr.isatty()

    def __call__(self, words: str) -> None:
        now = time.monotonic()
        if self.terminal:
            sys.stderr.write(f"\r\033[K{now - self.begin:5.1f} s  {words}")
            sys.stderr.flush()
        elif now - self.last > 5.0:
            self.last = now
            print(f"{now - self.begin:5.1f} s  {words}", file=sys.stderr)

    def close(self) -> None:
        if self.terminal:
            sys.stderr.write("\r\033[K")


def count(number: int, thing: str = "point") -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def share(part: int, whole: int) -> str:
    """Cut, not rounded: 99.99% is not all."""
    return f"{np.floor(1000.0 * part / max(1, whole)) / 10:g}%"


def rough(value: float) -> str:
    return power_of_ten(float(f"{value:.1e}")) if np.isfinite(value) else "–"


def round_number(value: float) -> str:
    return power_of_ten(float(f"{float(value):.6g}"))


def duration(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    if seconds < 7200:
        return f"{seconds / 60:.3g} min"
    return f"{seconds / 3600:.3g} h"


def sentence(text: str) -> str:
    """With a capital, unless it begins with a symbol."""
    first = text.split(" ", 1)[0]
    return text[0].upper() + text[1:] if len(first) > 2 and first.isalpha() else text


def in_words(name: str) -> str:
    return name.replace("_", " ")


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

    # --- points drawn as curves ------------------------------------------------------------------------------------------

    def point(self, position: int, colour: int) -> Point:
        sample = int(self.sample[position])
        return Point(position, sample, colour, self.scan.parameter_values(sample))

    def typical(self) -> list[Point]:
        chosen = self.space.spread(np.flatnonzero(self.trained), TYPICAL)
        return [self.point(position, number) for number, position in enumerate(chosen, start=1)]

    def worst(self) -> list[Point]:
        """Largest errors first, but not next to each other; points that failed altogether have neither error nor curve."""
        errors = np.where(self.done & np.isfinite(self.estimate), self.estimate, -np.inf)
        if not np.isfinite(errors).any():
            errors = np.where(self.done & np.isfinite(self.reference), self.reference, -np.inf)
        order = np.argsort(-errors, kind="stable")
        order = order[np.isfinite(errors[order])]
        return [self.point(position, number) for number, position in enumerate(self.space.leaders(order, WORST), start=1)]

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
            return {}
        self.progress(f"integrating the equation of sample {point.sample} for reference")
        begin = time.monotonic()
        scales = []
        for name in self.problem.states:
            found = self.curve(point, name)
            scales.append(smallest_envelope(found[1]) if found else 1.0)
        try:
            return reference.solve(self.problem, point.parameters, places, scales, relative=1e-6)
        except (reference.Unavailable, ValueError, ArithmeticError):
            return {}
        finally:
            self.time_left -= time.monotonic() - begin


def smallest_envelope(values: np.ndarray) -> float:
    """The smallest size that a function has over a stretch of places (not at its zeros)."""
    sizes = np.abs(values[np.isfinite(values)])
    if not sizes.size:
        return 1.0
    return max(float(min(part.max() for part in np.array_split(sizes, max(1, sizes.size // 10)))), 1e-300)


def resolved_until(values: np.ndarray) -> int:
    """How many leading places show an oscillation that the eye can follow."""
    signs = np.sign(values)
    changes = (signs[1:] * signs[:-1] < 0).astype(float)
    width = 12
    if changes.size < width:
        return values.size
    crowded = np.flatnonzero(np.convolve(changes, np.ones(width) / width, mode="valid") > CROWDED)
    return values.size if not crowded.size else int(crowded[0]) + width // 2


# --- sections ---------------------------------------------------------------------------------------------------------


def head(report: Report) -> str:
    scan, problem = report.scan, report.problem
    done = int(report.done.sum())
    over = ", ".join(plain_name(axis.name) for axis in report.space.axes)
    lead = f"{count(len(scan))}{' over ' + over if over else ''}, computed by gluesweep {scan.attributes['gluesweep_version']}"
    if done < len(scan):
        lead += f"; {count(len(scan) - done)} still pending"
    nav = "".join(f'<a href="#{name}">{words}</a>' for name, words in (
        ("run", "What was run"), ("quality", "Status and errors"), ("solutions", "Solutions"),
        ("coefficients", "Coefficients"), ("derived", "Derived quantities"), ("time", "Time"), ("job", "Job")))
    return f"<h1>{escape(in_words(problem.name))}</h1>\n{paragraph(escape(lead), 'lead')}\n<nav>{nav}</nav>\n{headline(report)}"


def headline(report: Report) -> str:
    done, total = int(report.done.sum()), len(report.scan)
    entries = []
    converged = int((report.status == CONVERGED).sum())
    if report.method == "matching":
        entries.append((f"{done:,}", f"of {total:,} points matched", done < total))
    else:
        entries.append((f"{converged:,}", f"of {count(total)} converged ({share(converged, total)})", converged < total))
    known = report.estimate[report.done & np.isfinite(report.estimate)]
    if known.size:
        entries.append((rough(np.median(known)), "median estimated error", False))
        entries.append((rough(known.max()), "largest estimated error",
                        report.tolerance is not None and known.max() > report.tolerance))
    true = report.reference[report.done & np.isfinite(report.reference)]
    if true.size:
        entries.append((rough(true.max()), f"largest true error of {count(true.size)} verified", False))
    matched = report.matching[report.trained & np.isfinite(report.matching)]
    if matched.size:
        entries.append((rough(np.median(matched)), "median error of conventional matching", False))
    seconds = report.column("seconds")[report.done]
    if seconds.size and np.isfinite(seconds).any():
        entries.append((duration(float(np.nanmean(seconds))), "of one rank's time per point", False))
    return page.tiles(entries)


def what_was_run(report: Report) -> str:
    problem, math = report.problem, report.math
    lines = [f"<p>{math.equation(math.derivative(unknown.name, unknown.order), unknown.equation)}</p>"
             for unknown in problem.unknown_list]
    lines.append(f'<p class="when">{conditions(report)}</p>')
    if problem.definition_texts:
        definitions = "".join(f"<p>{math.equation(math.name(name), text)}</p>"
                              for name, text in problem.definition_texts.items())
        lines.append(page.folded("with the definitions", definitions))
    patches = ("Each patch is an asymptotic solution whose integration constants became functions; it owns the range up to "
               "its hand-over." if report.ansatz == "frames" else
               "The solution is the sum of these forms, whose integration constants became functions.")
    return page.section(
        "run", "What was run",
        page.columns((paragraph(escape(problem.description)) if problem.description else "")
                     + paragraph(escape(how(report))),
                     f'<div class="card equations">{"".join(lines)}</div>{parameter_table(report)}'),
        "<h3>Patches</h3>", paragraph(patches), patch_table(report))


def conditions(report: Report) -> str:
    problem, math = report.problem, report.math
    low, high = problem.range
    words = [f"{math.symbol(problem.symbol)} from {rough(low)} to "
             f"{escape(with_unit(rough(high), problem.unit).replace('[', '').replace(']', ''))}"
             f"{' (' + escape(problem.label) + ')' if problem.label else ''}"]
    places = {"start": "the start", "end": "the end"}
    for condition in problem.conditions:
        at = places.get(condition["at"], f"{problem.symbol} = {condition['at']}")
        values = ", ".join(f"{math.equation(math.name(name), str(text))}" for name, text in condition.items() if name != "at")
        words.append(f"at {escape(at)} {values}")
    return "; ".join(words)


def parameter_table(report: Report) -> str:
    rows = []
    swept = (report.scan.job.get("sweep") or {}).get("parameters") or {}
    for name, entry in report.problem.parameters.items():
        if name in report.scan.parameters:
            values = report.column(name)
            setting = swept.get(name)
            given = setting if isinstance(setting, dict) else {}
            low, high = given.get("range") or (values.min(), values.max())
            value = f"{round_number(low)} to {round_number(high)}{', in its logarithm' if given.get('scale') == 'log' else ''}"
        else:
            value = round_number(report.scan.fixed.get(name, float("nan")))
        unit = entry.get("unit") or "1"
        rows.append((report.math.symbol(name), escape(str(entry.get("label") or "")), value,
                     "" if unit == "1" else escape(plain_name(str(unit)))))
    return table(("", "", "value", "unit"), rows)


def patch_table(report: Report) -> str:
    math = report.math
    rows = []
    for patch in report.problem.patches:
        forms = [math.equation(math.name(name), text) for name, text in patch.definitions.items()]
        forms += [math.equation(math.name(name), text) for name, text in patch.solution.items()]
        until = math.expression(patch.until) if patch.until is not None else "the end"
        constants = ", ".join(math.symbol(name) for name in patch.constants)
        rows.append((escape(in_words(patch.name)), "<br>".join(forms), constants, until))
    return table(("patch", "form", "constants", f"until {math.symbol(report.problem.symbol)} ="), rows, formulas=(1, 3))


def how(report: Report) -> str:
    job, attributes = report.scan.job, report.scan.attributes
    network, sweep = job.get("network") or {}, job.get("sweep") or {}
    methods = {"gauss_newton": "coefficient networks fitted to the collocation solution by least squares",
               "adam": "all layers of one network per coefficient and point, trained by Adam",
               "plain": "networks for the unknowns themselves, trained by Adam",
               "matching": "conventional matching, no networks"}
    words = f"Method: {methods.get(report.method, report.method)}"
    if report.method == "gauss_newton":
        words += f" ({network.get('features')} features, {network.get('elements')} elements of {network.get('nodes')} nodes per patch)"
    if report.tolerance is not None and report.method != "matching":
        words += f"; a point is converged when its estimated error is below {rough(report.tolerance)}"
    words += f". Sampler: {in_words(str(sweep.get('sampler', 'sobol'))).replace('sobol', 'Sobol')}, seed {sweep.get('seed', 0)}."
    first, scan_samples = int(attributes.get("first_sample", 0)), int(attributes.get("scan_samples", len(report.scan)))
    if scan_samples != len(report.scan):
        words += f" The file holds samples {first:,} to {first + len(report.scan) - 1:,} of a scan of {scan_samples:,}."
    return words


def quality(report: Report) -> str:
    parts = [status_text(report)]
    figures = []
    kinds = other_kinds(report)
    if kinds and len(report.space):
        figures.append(status_figure(report, kinds))
    errors = np.where(report.done, report.estimate, np.nan)
    if np.isfinite(errors).any() and len(report.space):
        report.progress("drawing the error map")
        panel, axes = panels.over_parameters(report.space, errors, "estimated error", log=True, worst=True)
        many = np.isfinite(errors).sum() > panels.FEW and len(axes) == 2
        more = f"Over {names_of(axes)}, which it depends on most. " if len(report.space) > 2 else ""
        figures.append(figure(panel, "Estimated error over the parameter space",
                              more + ("The largest in each cell." if many else "")))
        if len(report.space) > 2 and np.isfinite(errors).sum() >= 200:
            legend = " ".join(key(plain_name(axis.name), f"s{i % 6 + 1}") for i, axis in enumerate(report.space.axes))
            figures.append(figure(panels.along_ranges(report.space, errors, "estimated error"),
                                  "Estimated error along each parameter", f"Median (solid) and largest (dotted). {legend}"))
    figures += error_figures(report)
    if not figures:
        parts.append(paragraph("No errors were estimated (verification.estimate is false), and none was verified.", "note"))
    return page.section("quality", "Status and errors", *parts, page.panels(figures))


def status_figure(report: Report, kinds: list[tuple[str, np.ndarray]]) -> str:
    report.progress("drawing the status map")
    title = "Where points did not converge"
    if len(report.scan) <= panels.FEW:
        legend = " ".join(key(f"{in_words(name)} ({int(mask.sum()):,})", colour, "box")
                          for colour, (name, mask) in zip(panels.STATUS_COLOURS, kinds))
        return figure(panels.status_map(report.space, kinds), title, f"Grey: the others. {legend}")
    panel, axes = panels.share_map(report.space, np.any([mask for _, mask in kinds], axis=0), "not converged [%]")
    words = ", ".join(f"{int(mask.sum()):,} {in_words(name)}" for name, mask in kinds)
    return figure(panel, title, f"Share of the points in each cell: {words}."
                  + (f" Over {names_of(axes)}, which it depends on most." if len(report.space) > 2 else ""))


def other_kinds(report: Report) -> list[tuple[str, np.ndarray]]:
    """(meaning, which points) of all that are neither converged nor as their method leaves them."""
    usual = {CONVERGED, report._code("matching_only")}
    return [(name, report.status == code) for code, name in report.meanings.items()
            if code not in usual and (report.status == code).any()]


MEANINGS = {
    "pending": "not computed yet", "converged": "the estimated error is within the tolerance",
    "not_converged": "the estimated error exceeds the tolerance",
    "failed_nonfinite": "an infinite or undefined number arose",
    "degenerate_patch": "a patch does not determine its constants there",
    "matching_only": "conventional matching, as was asked for",
}


def status_text(report: Report) -> str:
    total = len(report.scan)
    rows = []
    for code, name in report.meanings.items():
        number = int((report.status == code).sum())
        if number:
            rows.append((escape(in_words(name)), f"{number:,}", share(number, total), escape(MEANINGS.get(name, ""))))
    rescue = report.column("rescue")[report.done]
    climbed = int((rescue > 0).sum())
    words = "" if not climbed else paragraph(
        f"{count(climbed)} needed a second attempt with a finer network"
        + (f", {int((rescue > 1).sum()):,} of them Gauss-Newton on top." if (rescue > 1).any() else "."))
    return table(("status", "points", "", ""), rows, numeric=(1, 2)) + words


def error_figures(report: Report) -> list[str]:
    figures = []
    sets, legend = [], []
    usable = report.done & (report.status != report._code("failed_nonfinite"))
    for errors, words, colour in ((report.estimate[usable], "estimated", 1), (report.reference[usable], "true", 3),
                                  (report.matching[report.trained], "conventional matching", 2)):
        known = errors[np.isfinite(errors) & (errors > 0)]
        if known.size:
            sets.append((known, SERIES[colour - 1]))
            legend.append(key(f"{words}: median {rough(np.median(known))}", f"s{colour}", "box"))
    if sets:
        report.progress("drawing the error distribution")
        if report.tolerance and report.method != "matching":
            legend.append(key("tolerance", kind="dotted"))
        figures.append(figure(panels.error_distribution(sets, report.tolerance if report.method != "matching" else None),
                              "Distribution of the errors",
                              "Largest error of a point over the whole range and all unknowns. " + " ".join(legend)))
    both = usable & np.isfinite(report.estimate) & np.isfinite(report.reference)
    if both.any():
        below = int((report.reference[both] <= report.estimate[both]).sum())
        total = int(both.sum())
        ratio = np.median(report.estimate[both] / np.maximum(report.reference[both], 1e-300))
        figures.append(figure(
            panels.calibration(report.estimate[both], report.reference[both]), "Is the estimate to be trusted?",
            f"Of {count(total)} verified ({escape(str(report.scan.attributes['reference_method']))}) {below:,} "
            f"({share(below, total)}) have a true error below their estimate, which is {rough(ratio)} times the truth in "
            "the median. On the line the two are equal."))
    return figures


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
    return figure(panel, "Where conventional matching goes wrong",
                  f"Its difference from the solution: median of {count(positions.size)}, and band up to the 95% quantile. "
                  + (" ".join(legend) if len(names) > 1 else ""))


def solutions(report: Report, typical: list[Point], worst: list[Point]) -> str:
    groups = [("typical points", typical), ("largest errors", worst)]
    figures = [drawn for name in report.problem.unknowns for title, points in groups if points
               for drawn in [solution_figure(report, name, points, title)] if drawn]
    if not figures:
        return page.section("solutions", "Solutions", paragraph("Neither solutions nor networks are stored in this file "
                                                                "(output.store), or no point is finished.", "note"))
    along = matching_along(report)
    tables = [f"<h3>{title[0].upper() + title[1:]}</h3>{point_table(report, points)}" for title, points in groups if points]
    legend = keys([key("solution"), key("conventional matching", kind="dashed"),
                   key("independent integration or closed form", kind="dot")])
    side_by_side = page.columns(*tables) if len(report.space) <= 3 else "".join(tables)
    return page.section("solutions", "Solutions", side_by_side, legend,
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
    return figure(panel, f"{sentence(title)}, {group}", "Drawn as long as an oscillation can be told apart." if cut else "")


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
    words = ("The integration constants of each patch as functions, for the typical points above. Where a curve is flat the "
             "patch's form is exact; what it still has to follow shows where other terms act. ")
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


def crossover_figures(report: Report) -> list[str]:
    """Crossovers over the parameters, but for those that a derived quantity repeats."""
    repeated = {str(entry.get("value", "")).strip() for entry in report.problem.derived.values()}
    names = [name for name in report.scan.crossovers if name not in repeated]
    figures = []
    for name in names:
        left, right = next((p.name, q.name) for p, q in zip(report.problem.patches, report.problem.patches[1:])
                           if name == f"crossover_{p.name}_{q.name}")
        title = f"Crossover from {in_words(left)} to {in_words(right)}"
        drawn = quantity_figure(report, str(name), title, with_unit(plain_name(report.problem.symbol),
                                                                                      report.problem.unit))
        if drawn:
            figures.append(drawn)
    return figures


def derived(report: Report) -> str:
    names = [name for name in report.problem.derived if name in report.scan]
    if not names:
        names = [str(name) for name in report.scan.limits]
    figures = []
    for name in names[:MOST_DERIVED]:
        entry = report.problem.derived.get(name, {})
        label = with_unit(in_words(name), _unit(report, name))
        drawn = quantity_figure(report, name, str(entry.get("label") or in_words(name)), label)
        if drawn:
            figures.append(drawn)
    words = "What the scan is for, over its parameters. " if report.problem.derived else "The asymptotic constants over the parameters. "
    if len(names) > MOST_DERIVED:
        words += f"The first {MOST_DERIVED} of {len(names)} are drawn. "
    return page.section("derived", "Derived quantities", paragraph(words), quantity_table(report, names),
                        page.panels(figures))


def quantity_table(report: Report, names: list[str]) -> str:
    rows = []
    for name in names:
        values = report.column(name)[report.trained]
        values = values[np.isfinite(values)]
        if not values.size:
            continue
        entry = report.problem.derived.get(name, {})
        text = str(entry.get("value", ""))
        cells = [round_number(np.quantile(values, q)) for q in (0.0, 0.5, 1.0)]
        rows.append((escape(in_words(name)), report.math.expression(text) if text else "",
                     *(cells if len(report.scan) > 1 else [cells[1]]), escape(plain_name(_unit(report, name)))))
    quantiles = ("smallest", "median", "largest") if len(report.scan) > 1 else ("value",)
    return table(("", "", *quantiles, "unit"), rows, numeric=range(2, 2 + len(quantiles)), formulas=(1,))


def _unit(report: Report, name: str) -> str:
    unit = str(report.scan[name].attrs.get("units", "1"))
    return "" if unit == "1" else unit


def quantity_figure(report: Report, name: str, title: str, label: str) -> str | None:
    if not len(report.space):
        return None
    report.progress(f"drawing {name}")
    values = np.where(report.trained, report.column(name).astype(float), np.nan)
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    log = spans_decades(known, 1.3)
    title = sentence(title)
    panel, axes = panels.over_parameters(report.space, values, label, log, worst=False)
    words = ""
    if len(report.space) > 1:
        shares = report.space.influence(np.log10(np.where(values > 0, values, np.nan)) if log else values)
        order = np.argsort(-shares)[:3]
        told = [f"{plain_name(report.space.axes[i].name)} {100 * shares[i]:.0f}%" for i in order if shares[i] >= 0.005]
        # Where points were left out the parameters are no longer independent, and shares would mislead.
        if told and known.size >= 100 and known.size > 0.9 * len(report.scan):
            words = f"Share of the {'logarithm’s ' if log else ''}variance from one parameter alone: {', '.join(told)}."
    return figure(panel, title, escape(words))


def times(report: Report) -> str:
    seconds = report.column("seconds").astype(float)
    size = int((report.scan.job.get("run") or {}).get("block", 128))
    blocks = np.asarray(report.sample) // size
    known = report.done & np.isfinite(seconds)
    if not known.any():
        return page.section("time", "Time and load balance", paragraph("No point is finished yet.", "note"))
    numbers, first, counts = np.unique(blocks[known], return_index=True, return_counts=True)
    totals = np.bincount(np.searchsorted(numbers, blocks[known]), weights=seconds[known])
    ranks = int(report.scan.attributes.get("mpi_size", 1))
    makespan = dealt(totals, ranks)
    text = (f"{count(int(known.sum()))} in {count(numbers.size, 'block')} took {duration(float(totals.sum()))} of the ranks' "
            f"time together, a block {duration(float(np.median(totals)))} in the median and {duration(float(totals.max()))} "
            f"at most.")
    if ranks > 1 and numbers.size > 1:
        text += (f" Dealt in order to {ranks:,} ranks, as the run was started with, they take {duration(makespan)}: "
                 f"{100 * totals.sum() / (ranks * makespan):.0f}% of the ranks' time is computing. (The file does not "
                 "tell which rank took a block.)")
    figures = []
    if numbers.size > 1:
        report.progress("drawing times")
        figures.append(figure(panels.block_times(report.sample[known][first], 1e3 * totals / counts),
                              "Time per point", "Each dot is a block; its time is shared by its points."))
        tried = [2**k for k in range(0, 17) if 2**k <= max(ranks, 2 * numbers.size)]
        efficiency = np.array([totals.sum() / (rank * dealt(totals, rank)) for rank in tried])
        marked = " Dotted: this run." if ranks > 1 else ""
        figures.append(figure(panels.efficiencies(np.array(tried), efficiency, ranks), "How far this scan would scale",
                              f"Its {numbers.size:,} blocks dealt in order to more ranks, with the times they took; start "
                              f"and writing not counted.{marked}"))
    return page.section("time", "Time and load balance", paragraph(escape(text)), page.panels(figures))


def dealt(totals: np.ndarray, ranks: int) -> float:
    """When the last rank ends if each takes the next block as soon as it is free."""
    import heapq

    free = [0.0] * min(ranks, totals.size)
    for total in totals:
        heapq.heapreplace(free, free[0] + float(total))
    return max(free)


def job_and_versions(report: Report) -> str:
    attributes = report.scan.attributes
    names = {"gluesweep_version": "gluesweep", "git_commit": "commit", "libtorch_version": "LibTorch", "mpi_version": "MPI",
             "hdf5_version": "HDF5", "sundials_version": "SUNDIALS", "compiler": "compiler", "kernels": "processor kernels",
             "created": "file created", "mpi_size": "ranks at the start", "format_version": "format version",
             "job_hash": "hash of the job"}
    rows = [(words, escape(str(attributes[name]))) for name, words in names.items() if name in attributes]
    text = re.sub(r"\s+$", "", str(attributes["job"]))
    return page.section("job", "Job and versions", page.folded("Versions", table(("", ""), rows)),
                        page.folded("The resolved job", f"<pre>{escape(text)}</pre>"))


def footer(report: Report) -> str:
    path = pathlib.Path(report.scan.path)
    made = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    size = path.stat().st_size / 1e6
    return (f"<footer>{escape(path.name)}, {size:,.3g} MB. Report made {made} by "
            f"<code>python3 -m gluesweep_analysis report</code>. Errors are relative to each unknown's magnitude as the job "
            "defines it, the largest over the range and all unknowns; “estimated” is the program’s own estimate, “true” a "
            "comparison with independent values.</footer>")


def build(scan: Scan, progress: Progress = silent) -> str:
    """The page's HTML."""
    report = Report(scan, progress)
    typical, worst = report.typical(), report.worst()
    sections = [head(report), what_was_run(report), quality(report), solutions(report, typical, worst),
                coefficients(report, typical), derived(report), times(report), job_and_versions(report), footer(report)]
    return page.page(f"{in_words(scan.problem.name)}: {count(len(scan))}", "\n".join(sections))
