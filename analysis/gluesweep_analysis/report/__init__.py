"""A report of a scan: one self-contained page of figures with short captions."""
from __future__ import annotations

from ..scan import Scan
from . import functions, overview, page, quality, quantities, timing
from .context import Report
from .progress import Progress, StderrProgress, silent
from .words import count, in_words

__all__ = ["StderrProgress", "build"]


def build(scan: Scan, progress: Progress = silent) -> str:
    """The page's HTML."""
    report = Report(scan, progress)
    typical, worst = report.typical(), report.worst()
    sections = [overview.head(report), overview.what_was_run(report), quality.quality(report),
                functions.solutions(report, typical, worst), functions.coefficients(report, typical),
                quantities.derived(report), timing.times(report), overview.job_and_versions(report),
                overview.footer(report)]
    return page.page(f"{in_words(scan.problem.name)}: {count(len(scan))}", "\n".join(sections))
