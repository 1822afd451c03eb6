"""How the points ended, and how large their errors are."""
from __future__ import annotations

import numpy as np

from ..scan import CONVERGED
from . import page, panels
from .context import Report
from .figures import SERIES
from .page import escape, figure, key, paragraph, table
from .space import names_of
from .typeset import plain_name
from .words import count, in_words, rough, share

MEANINGS = {
    "pending": "not computed yet", "converged": "the estimated error is within the tolerance",
    "not_converged": "the estimated error exceeds the tolerance",
    "failed_nonfinite": "an infinite or undefined number arose",
    "degenerate_patch": "a patch does not determine its constants there",
    "matching_only": "conventional matching, as was asked for",
}


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
            panel = panels.along_ranges(report.space, errors, "estimated error")
            figures.append(figure(panel, "Estimated error along each parameter",
                                  f"Median (solid) and largest (dotted). {legend}"))
    figures += error_figures(report)
    if not figures:
        words = "No errors were estimated (verification.estimate is false), and none was verified."
        parts.append(paragraph(words, "note"))
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
        panel = panels.error_distribution(sets, report.tolerance if report.method != "matching" else None)
        figures.append(figure(panel, "Distribution of the errors",
                              "Largest error of a point over the whole range and all unknowns. " + " ".join(legend)))
    both = usable & np.isfinite(report.estimate) & np.isfinite(report.reference)
    if both.any():
        below = int((report.reference[both] <= report.estimate[both]).sum())
        total = int(both.sum())
        ratio = np.median(report.estimate[both] / np.maximum(report.reference[both], 1e-300))
        figures.append(
    figure(
        panels.calibration(
            report.estimate[both],
            report.reference[both]),
            "Is the estimate to be trusted?",
            f"Of {count(total)} verified ({escape(str(report.scan.attributes['reference_method']))}) {below:,} "
            f"({share(below, total)}) have a true error below their estimate, which is {rough(ratio)} times the truth "
            "in the median. On the line the two are equal."))
    return figures
