"""Numbers per point over the parameters: derived quantities and crossovers."""
from __future__ import annotations

import numpy as np

from . import page, panels
from .context import Report
from .figures import spans_decades
from .page import escape, figure, paragraph, table
from .space import with_unit
from .typeset import plain_name
from .words import in_words, round_number, sentence

MOST_DERIVED = 12  # panels


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
    what = "What the scan is for" if report.problem.derived else "The asymptotic constants"
    words = f"{what}, over its parameters. "
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
            what = "logarithm’s variance" if log else "variance"
            words = f"Share of the {what} from one parameter alone: {', '.join(told)}."
    return figure(panel, title, escape(words))


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
