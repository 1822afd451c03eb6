#!/usr/bin/env python3
"""Draws a comparison file of `gluesweep compare`: errors, costs, trust in the estimates, and worst solutions.

  analysis/compare.py FILE [-o out.png]
"""
import argparse
import pathlib
import sys

try:
    from gluesweep_analysis.problem import load_job
except ImportError as error:
    sys.exit(f"compare.py: {error}")

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402

import plot  # noqa: E402 (its style and helpers)

# The same colour, marker and line for a method in every panel and every picture.
STYLE = {"gauss_newton": (plot.COLOURS[0], "o", "-"), "adam": (plot.COLOURS[1], "s", (0, (5, 1.5))),
         "plain": (plot.COLOURS[2], "^", "-."), "matching": (plot.COLOURS[3], "D", (0, (1, 1.2))),
         "gauss_newton:sum": (plot.COLOURS[5], "v", (0, (3, 1, 1, 1))), "adam:sum": (plot.COLOURS[4], "P", (0, (7, 2)))}
OTHER = ("0.35", "X", "-")
SMALLEST = 1e-17  # where an error of zero is drawn


class ComparisonFile:
    """The arrays of a comparison file."""

    def __init__(self, path):
        try:
            file = h5py.File(path, "r")
        except OSError as error:
            sys.exit(f"compare.py: cannot read '{path}': {error}")
        with file:
            if "comparison_format_version" not in file.attrs:
                sys.exit(f"compare.py: '{path}' is an HDF5 file, but not one of gluesweep compare"
                         + (": draw it with plot.py" if "job_hash" in file.attrs else ""))
            self.arrays = {name: item[()] for name, item in file.items()}
            self.attributes = {name: {key: text(value) for key, value in item.attrs.items()}
                               for name, item in file.items()}
            self.root = {key: text(value) for key, value in file.attrs.items()}
        self.job = load_job(self.root["job"])
        self.problem = self.job["problem"]
        self.symbol = self.problem["variable"]["symbol"]
        self.methods = [text(name) for name in self.arrays["training_method"]]
        self.unknowns = [name for name in self.problem["unknowns"] if f"{name}_reference" in self.arrays]
        self.tolerance = float((self.job.get("training") or {}).get("tolerance", "nan"))

    def __getitem__(self, name):
        return self.arrays[name]

    def label(self, name):
        unit = self.attributes[name].get("units", "1")
        return name + ("" if unit in ("", "1") else f" [{unit}]")


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def style(method):
    return STYLE.get(method, OTHER)


def percent(share):
    """Cut, not rounded: 99.99% is not all."""
    return f"{np.floor(share * 1e4) / 1e2:g}%"


def rough(value):
    return f"{value:.2g}"


def empty(axes, title, words):
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", color="0.4")
    axes.set_title(title)
    axes.set_xticks([])
    axes.set_yticks([])


# --- errors, costs, estimates --------------------------------------------------------------------------------------


def draw_distribution(axes, file):
    """Share of points whose error is not above the abscissa."""
    drawn = 0
    for method, errors in zip(file.methods, file["reference_error"]):
        errors = np.sort(errors[~np.isnan(errors)])
        if not errors.size:
            continue
        colour, _, line = style(method)
        finite = np.maximum(errors[np.isfinite(errors)], SMALLEST)
        share = 100.0 * np.arange(1, finite.size + 1) / errors.size
        if finite.size:
            axes.step(np.append(finite[0], finite), np.append(0, share), where="post", color=colour, ls=line, lw=2.2)
            drawn += 1
    if not drawn:
        empty(axes, "Distribution of the error", "no point has a reference")
        return
    axes.set_xscale("log")
    if np.isfinite(file.tolerance):
        axes.axvline(file.tolerance, color="0.35", lw=1.0, ls=":")
        axes.annotate("tolerance", (file.tolerance, 2), xytext=(-3, 0), textcoords="offset points", color="0.35",
                      fontsize=8.5, rotation=90, ha="right", va="bottom")
    axes.set_ylim(0, 103)
    low, high = axes.get_xlim()
    axes.set_xlim(low / 2, high * 2)
    plot.finish(axes, "Distribution of the error", "error relative to the reference", "points with at most this error [%]")


def draw_costs(axes, file):
    """Median error over time a point; the bar goes from the 5% quantile to the largest error."""
    places = []
    rows = zip(file.methods, file["reference_error"], file["seconds_mean"], file["error_median"])
    for method, errors, seconds, median in rows:
        errors = np.maximum(errors[np.isfinite(errors)], SMALLEST)
        if not np.isfinite(median) or not seconds > 0:
            continue
        median = max(float(median), SMALLEST)
        colour, marker, _ = style(method)
        axes.plot([seconds] * 2, [np.quantile(errors, 0.05), errors.max()], color=colour, lw=2.2, alpha=0.55,
                  solid_capstyle="butt")
        axes.plot(seconds, median, marker=marker, ms=9, color=colour, mec="white", mew=0.8, ls="none", zorder=4)
        places.append((seconds, median, f"{method}\n{rough(seconds)} s, {rough(median)}", colour))
    if not places:
        empty(axes, "Error and time", "no method has a finite error")
        return
    axes.set_xscale("log")
    axes.set_yscale("log")
    low, high = min(place[0] for place in places), max(place[0] for place in places)
    axes.set_xlim(low / 4, high * 4)
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom / 3, top * 4)
    label_places(axes, places, np.sqrt(low * high) if high > low else np.inf)
    kind = file.attributes["seconds_mean"]["long_name"].split(" time")[0]
    plot.finish(axes, "Error and time (median; bar: 5% to largest)", f"{kind} time a point [s]",
                "error relative to the reference")


def label_places(axes, places, middle):
    """Words beside their points, towards the middle of the picture if there is room, else at the nearest free place."""
    # In parts of the panel, which is about this size: the final layout is made when the picture is drawn.
    width_in, height_in = axes.figure.figure.get_figwidth() / 3 - 0.8, 3.5
    letter, line, gap = 0.082 / width_in, 0.15 / height_in, 0.12 / width_in
    to_panel = axes.transData + axes.transAxes.inverted()
    points = {words: to_panel.transform((seconds, median)) for seconds, median, words, _ in places}
    taken = [(x - gap / 2, y - line / 2, x + gap / 2, y + line / 2) for x, y in points.values()]
    for seconds, _, words, colour in sorted(places, key=lambda place: -place[1]):
        x, y = points[words]
        width, half = letter * max(map(len, words.split("\n"))), 1.1 * line

        def area(left, shift):
            start = x - gap - width if left else x + gap
            return (start, y + shift - half, start + width, y + shift + half)

        def free(rectangle):
            inside = min(rectangle) >= 0 and max(rectangle) <= 1
            return inside and not any(rectangle[0] < other[2] and other[0] < rectangle[2] and rectangle[1] < other[3]
                                      and other[1] < rectangle[3] for other in taken)

        shifts = [sign * step * line for step in range(12) for sign in (-1, 1)]
        choices = [(left, shift) for shift in shifts for left in (seconds > middle, seconds <= middle)]
        left, shift = next((choice for choice in choices if free(area(*choice))), choices[0])
        taken.append(area(left, shift))
        axes.annotate(words, (x + (-gap if left else gap), y + shift), xycoords="axes fraction",
                      ha="right" if left else "left", va="center", fontsize=8.5, color=colour, fontweight="bold")


def draw_calibration(axes, file):
    """Estimate over true error, point by point: above the diagonal the estimate keeps its promise."""
    shown = []
    for number, method in enumerate(file.methods):
        errors, estimates = file["reference_error"][number], file["error_estimate"][number]
        good = np.isfinite(errors) & np.isfinite(estimates)
        if not good.any():
            continue
        colour, marker, _ = style(method)
        errors, estimates = np.maximum(errors[good], SMALLEST), np.maximum(estimates[good], SMALLEST)
        words = (f"{method}: {percent(file['calibration_covered'][number])} below, "
                 f"median ratio {rough(file['calibration_ratio_50'][number])}")
        axes.plot(errors, estimates, ls="none", marker=marker, ms=4.5, color=colour, alpha=0.55, mew=0, label=words)
        shown += [errors, estimates]
    if not shown:
        empty(axes, "Can the estimate be trusted?", "no method gives an error estimate")
        return
    everything = np.concatenate(shown)
    ends = np.array([everything.min() / 3, everything.max() * 3])
    axes.plot(ends, ends, color="0.3", lw=1.0)
    axes.fill_between(ends, ends, ends[0], color="0.5", alpha=0.13, lw=0)
    axes.fill_between(ends, ends, 30 * ends, color=plot.COLOURS[2], alpha=0.10, lw=0)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    axes.text(0.97, 0.04, "estimate too small", transform=axes.transAxes, ha="right", color="0.35", fontsize=8.5)
    axes.legend(loc="upper left", handletextpad=0.2, frameon=True, facecolor="white", framealpha=0.6, edgecolor="none")
    plot.finish(axes, "Can the estimate be trusted? (green: up to 30 times)", "error relative to the reference",
                "estimated error")


# --- worst solutions -----------------------------------------------------------------------------------------------


def relative_error(file, name, number, sample):
    """Of one unknown along the output points."""
    with np.errstate(all="ignore"):
        difference = np.abs(file[name][number, sample] - file[f"{name}_reference"][sample])
        return np.where(difference == 0, 0.0, difference / file[f"{name}_magnitude"][sample])


def draw_worst(axes, below, file, number):
    """The point where a method errs most: its solution on the reference, and the error along it."""
    method = file.methods[number]
    colour, _, _ = style(method)
    errors = file["reference_error"][number]
    finite = np.where(np.isfinite(errors), errors, -1.0)
    if not file.unknowns or finite.max() < 0:
        empty(axes, f"{method}: worst point", "no solution" if file.unknowns else "solutions are not stored")
        below.set_visible(False)
        return
    sample = int(np.argmax(finite))
    name = max(file.unknowns, key=lambda unknown: np.nanmax(relative_error(file, unknown, number, sample)))
    x, truth, values = file[file.symbol], file[f"{name}_reference"][sample], file[name][number, sample]
    shown = plot.resolved_until(truth)
    axes.plot(x[:shown], truth[:shown], color="0.15", lw=3.6, alpha=0.35, solid_capstyle="butt")
    axes.plot(x[:shown], values[:shown], color=colour, lw=1.6)
    scale_solution(axes, truth[:shown])
    draw_error_along(below, x, np.maximum(relative_error(file, name, number, sample), SMALLEST), colour)
    below.set_xscale("log" if file.problem["variable"].get("scale") == "log" else "linear")
    missing = int(np.isinf(errors).sum())
    plot.finish(axes, f"{method}: worst error {rough(finite.max())}"
                + (f" ({missing} without solution)" if missing else ""), "", file.label(name))
    unit = file.problem["variable"].get("unit", "1")
    plot.finish(below, "", file.symbol + ("" if unit in ("", "1") else f" [{unit}]"), "error")
    if shown < truth.size:
        axes.text(0.98, 0.93, "drawn while the output points resolve it", transform=axes.transAxes, fontsize=8,
                  color="0.3", ha="right", va="top")
    swept = file.root["swept_parameters"].split()
    point = ", ".join(f"{parameter} = {file[parameter][sample]:.3g}" for parameter in swept[:3])
    axes.text(0.02, 0.03, point, transform=axes.transAxes, fontsize=8, color="0.3",
              bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.5})


def scale_solution(axes, truth):
    """Limits by the reference: a wrong solution may leave the picture."""
    if plot.spans_decades(truth):
        axes.set_yscale("log")
        axes.set_ylim(max(truth.min(), truth.max() * 1e-20) / 3, truth.max() * 5)
        return
    margin = 0.3 * (np.ptp(truth) or abs(truth).max() or 1.0)
    axes.set_ylim(truth.min() - margin, truth.max() + margin)


def draw_error_along(axes, x, error, colour):
    axes.plot(x, error, color=colour, lw=1.3)
    axes.set_yscale("log")
    top = np.nanmax(error)
    axes.set_ylim(max(np.nanmin(error), top * 1e-6) / 2, top * 4)


# --- the picture -----------------------------------------------------------------------------------------------------


def draw(file, path):
    count = len(file.methods)
    height = 9.6
    figure = plt.figure(figsize=(max(15.5, 3.9 * count), height), layout="constrained")
    figure.get_layout_engine().set(rect=(0, 0, 1, 1 - 0.8 / height), w_pad=0.08, h_pad=0.06)
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.0, 1.0])
    panels = top.subplots(1, 3)
    draw_distribution(panels[0], file)
    draw_costs(panels[1], file)
    draw_calibration(panels[2], file)
    columns = bottom.subplots(2, count, squeeze=False, sharex="col", height_ratios=[1.7, 1.0]).T
    for number, (axes, below) in enumerate(columns):
        draw_worst(axes, below, file, number)
    add_header(figure, file)
    figure.savefig(path)
    plt.close(figure)


def add_header(figure, file):
    kinds = dict(zip(file.attributes["reference_kind"]["flag_values"],
                     file.attributes["reference_kind"]["flag_meanings"].split()))
    names = {"closed_form": "closed form", "integrator": "CVODE", "finer_network": "a finer network", "none": "none"}
    values, counts = np.unique(file["reference_kind"], return_counts=True)
    references = ", ".join(f"{names.get(kinds[value], kinds[value])} ({number})" for value, number in zip(values, counts))
    height = figure.get_figheight()
    figure.suptitle(f"{file.problem['name']}: {len(file.methods)} methods on {file['sample'].size:,} points",
                    fontsize=13, fontweight="bold", x=0.01, ha="left", y=1 - 0.12 / height, va="top")
    figure.text(0.01, 1 - 0.45 / height, f"reference: {references}; error: the largest over all output points",
                va="top", fontsize=9, color="0.3")
    handles = [Line2D([], [], color=style(method)[0], marker=style(method)[1], ls=style(method)[2], lw=2.2, ms=6,
                      label=method) for method in file.methods]
    handles.append(Line2D([], [], color="0.15", lw=3.4, alpha=0.35, label="reference"))
    figure.legend(handles=handles, loc="upper right", bbox_to_anchor=(1.0, 1 - 0.08 / height), ncols=len(handles),
                  fontsize=9.5, handlelength=3.2)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="comparison file (HDF5)")
    parser.add_argument("-o", "--output", help="picture to write (default: FILE with .png)")
    arguments = parser.parse_args()
    file = ComparisonFile(arguments.file)
    path = arguments.output or str(pathlib.Path(arguments.file).with_suffix(".png"))
    draw(file, path)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
