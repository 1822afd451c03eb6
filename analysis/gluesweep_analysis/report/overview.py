"""What was run, how it went at a glance, and the job itself."""
from __future__ import annotations

import datetime
import pathlib
import re

import numpy as np

from ..scan import CONVERGED
from . import page
from .context import Report
from .page import escape, paragraph, table
from .space import with_unit
from .typeset import plain_name
from .words import count, duration, in_words, rough, round_number, share


def head(report: Report) -> str:
    scan, problem = report.scan, report.problem
    done = int(report.done.sum())
    over = ", ".join(plain_name(axis.name) for axis in report.space.axes)
    lead = f"{count(len(scan))}{' over ' + over if over else ''}"
    lead += f", computed by gluesweep {scan.attributes['gluesweep_version']}"
    if done < len(scan):
        lead += f"; {count(len(scan) - done)} still pending"
    nav = "".join(f'<a href="#{name}">{words}</a>' for name, words in (
        ("run", "What was run"), ("quality", "Status and errors"), ("solutions", "Solutions"),
        ("coefficients", "Coefficients"), ("derived", "Derived quantities"), ("time", "Time"), ("job", "Job")))
    title = f"<h1>{escape(in_words(problem.name))}</h1>"
    return "\n".join([title, paragraph(escape(lead), "lead"), f"<nav>{nav}</nav>", headline(report)])


def headline(report: Report) -> str:
    done, total = int(report.done.sum()), len(report.scan)
    entries = []
    converged = int((report.status == CONVERGED).sum())
    if report.method == "matching":
        entries.append((f"{done:,}", f"of {total:,} points matched", done < total))
    else:
        words = f"of {count(total)} converged ({share(converged, total)})"
        entries.append((f"{converged:,}", words, converged < total))
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
    patches = ("Each patch is an asymptotic solution whose integration constants became functions; it owns the range "
               "up to its hand-over." if report.ansatz == "frames" else
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
        values = ", ".join(math.equation(math.name(name), str(text)) for name, text in condition.items()
                           if name != "at")
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
            value = f"{round_number(low)} to {round_number(high)}"
            value += ", in its logarithm" if given.get("scale") == "log" else ""
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
        words += f" ({network.get('features')} features, {network.get('elements')} elements of "
        words += f"{network.get('nodes')} nodes per patch)"
    if report.tolerance is not None and report.method != "matching":
        words += f"; a point is converged when its estimated error is below {rough(report.tolerance)}"
    sampler = in_words(str(sweep.get("sampler", "sobol"))).replace("sobol", "Sobol")
    words += f". Sampler: {sampler}, seed {sweep.get('seed', 0)}."
    first, scan_samples = int(attributes.get("first_sample", 0)), int(attributes.get("scan_samples", len(report.scan)))
    if scan_samples != len(report.scan):
        words += f" The file holds samples {first:,} to {first + len(report.scan) - 1:,} of a scan of {scan_samples:,}."
    return words


def job_and_versions(report: Report) -> str:
    attributes = report.scan.attributes
    names = {"gluesweep_version": "gluesweep", "git_commit": "commit", "libtorch_version": "LibTorch",
             "mpi_version": "MPI", "hdf5_version": "HDF5", "sundials_version": "SUNDIALS", "compiler": "compiler",
             "kernels": "processor kernels", "created": "file created", "mpi_size": "ranks at the start",
             "format_version": "format version", "job_hash": "hash of the job"}
    rows = [(words, escape(str(attributes[name]))) for name, words in names.items() if name in attributes]
    text = re.sub(r"\s+$", "", str(attributes["job"]))
    return page.section("job", "Job and versions", page.folded("Versions", table(("", ""), rows)),
                        page.folded("The resolved job", f"<pre>{escape(text)}</pre>"))


def footer(report: Report) -> str:
    path = pathlib.Path(report.scan.path)
    made = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    size = path.stat().st_size / 1e6
    words = ("Errors are relative to each unknown’s magnitude as the job defines it, the largest over the range and "
             "all unknowns; “estimated” is the program’s own estimate, “true” a comparison with independent values.")
    return (f"<footer>{escape(path.name)}, {size:,.3g} MB. Report made {made} by "
            f"<code>python3 -m gluesweep_analysis report</code>. {words}</footer>")
