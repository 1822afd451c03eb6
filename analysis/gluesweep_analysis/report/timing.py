"""How long the points took, and how the blocks share out to ranks."""
from __future__ import annotations

import heapq

import numpy as np

from . import page, panels
from .context import Report
from .page import escape, figure, paragraph
from .words import count, duration


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
    text = f"{count(int(known.sum()))} in {count(numbers.size, 'block')} took {duration(float(totals.sum()))}"
    if numbers.size > 1:
        text += (f" of the ranks' time together, a block {duration(float(np.median(totals)))} in the median and "
                 f"{duration(float(totals.max()))} at most")
    text += "."
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
        words = (f"Its {numbers.size:,} blocks dealt in order to more ranks, with the times they took; start and "
                 f"writing not counted.{marked}")
        panel = panels.efficiencies(np.array(tried), efficiency, ranks)
        figures.append(figure(panel, "How far this scan would scale", words))
    return page.section("time", "Time and load balance", paragraph(escape(text)), page.panels(figures))


def dealt(totals: np.ndarray, ranks: int) -> float:
    """When the last rank ends if each takes the next block as soon as it is free."""
    free = [0.0] * min(ranks, totals.size)
    for total in totals:
        heapq.heapreplace(free, free[0] + float(total))
    return max(free)
