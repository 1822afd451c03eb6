#!/usr/bin/env python3
"""Draws a sweep file: solutions, coefficient functions, errors and derived quantities.

  analysis/plot.py FILE [-o out.png] [--samples 3,17,42]

Solutions are drawn with conventional matching (dashed) and an independent reference (dots), which is computed here
from the equation stored in the file.
"""
import argparse
import pathlib
import sys

try:
    from gluesweep_analysis import reference
    from gluesweep_analysis.problem import Problem, load_job
except ImportError as error:
    sys.exit(f"plot.py: {error}")

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import LogNorm  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: E402

# Okabe and Ito's palette: distinguishable with every form of colour vision.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
LINES = ["-", (0, (5, 1.5)), (0, (1, 1.2)), "-."]
CONVERGED = 1
RESOLVED = 0.35  # share of sign changes among neighbouring output points above which an oscillation is not drawn

plt.rcParams.update({
    "font.size": 10, "axes.titlesize": 10.5, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.spines.top": False, "axes.spines.right": False, "legend.fontsize": 8.5, "legend.frameon": False,
    "lines.linewidth": 1.6, "figure.dpi": 130, "savefig.dpi": 130, "axes.grid": True, "grid.alpha": 0.25,
    "grid.linewidth": 0.6, "mathtext.default": "regular",
})


class SweepFile:
    """The arrays of a sweep file, read when asked for."""

    def __init__(self, path):
        try:
            self.file = h5py.File(path, "r")
        except OSError as error:
            sys.exit(f"plot.py: cannot read '{path}': {error}")
        if "comparison_format_version" in self.file.attrs:
            sys.exit(f"plot.py: '{path}' is a file of gluesweep compare: draw it with compare.py")
        if "job" not in self.file.attrs or "status" not in self.file:
            sys.exit(f"plot.py: '{path}' is an HDF5 file, but not a sweep file of gluesweep: it has no stored job")
        text = self.file.attrs["job"]
        self.job = load_job(text.decode() if isinstance(text, bytes) else text)
        self.problem = Problem(self.job)
        self.x = self.file[self.problem.symbol][:]
        self.status = self.file["status"][:]
        swept = self.job["sweep"].get("parameters") or {}
        declared = self.job["problem"].get("parameters") or {}
        self.parameters = [name for name in declared if name in self.file]
        self.fixed = {name: float((declared[name] or {}).get("default", "nan")) for name in declared}
        self.fixed.update({name: float(value) for name, value in swept.items() if not isinstance(value, dict)})
        self.values = {name: self.file[name][:] for name in self.parameters}
        self.varied = [name for name in self.parameters if np.unique(self.values[name]).size > 1] or self.parameters
        self.log_parameter = {
            name: isinstance(swept.get(name), dict) and swept[name].get("scale") == "log"
            or spans_decades(self.values[name]) for name in self.parameters}

    def __contains__(self, name):
        return name in self.file

    def column(self, name):
        return self.file[name][:]

    def row(self, name, sample):
        return self.file[name][sample]

    def parameters_of(self, sample):
        return {**self.fixed, **{name: float(self.values[name][sample]) for name in self.parameters}}

    def label(self, name):
        attributes = self.file[name].attrs
        texts = [attributes.get(key, "") for key in ("long_name", "units")]
        name_text, unit = [text.decode() if isinstance(text, bytes) else str(text) for text in texts]
        unit = "" if unit in ("", "1") else f" [{unit}]"
        full = name if name_text in ("", name) else f"{name} ({name_text})"
        return (full if len(full) + len(unit) <= 34 else name) + unit


def spans_decades(values, decades=2.0):
    """Whether data is positive and covers so many decades that only a logarithmic axis shows it."""
    values = np.asarray(values)[np.isfinite(values)]
    return values.size > 1 and values.min() > 0 and values.max() > values.min() * 10**decades


def choose_samples(file, count=4):
    """Samples spread over the parameter space: farthest-point selection from the centre, on the axes' scales."""
    usable = np.flatnonzero((file.status == CONVERGED))
    if not usable.size:
        usable = np.flatnonzero(file.status > 0)
    if not usable.size:
        sys.exit("plot.py: the file holds no finished point yet")
    columns = []
    for name in file.varied:
        values = file.values[name][usable]
        values = np.log(values) if file.log_parameter[name] else values
        columns.append((values - values.min()) / (np.ptp(values) or 1.0))
    points = np.stack(columns, axis=1) if columns else np.zeros((usable.size, 1))
    chosen = [int(np.argmin(np.abs(points - 0.5).sum(axis=1)))]
    distance = np.full(usable.size, np.inf)
    while len(chosen) < min(count, usable.size):
        distance = np.minimum(distance, np.abs(points - points[chosen[-1]]).max(axis=1))
        chosen.append(int(np.argmax(distance)))
    order = sorted(chosen, key=lambda index: tuple(points[index]))
    return [int(usable[index]) for index in order]


def finish(axes, title, xlabel, ylabel):
    axes.set_title(title)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    for axis, scale in ((axes.xaxis, axes.get_xscale()), (axes.yaxis, axes.get_yscale())):
        if scale == "log":
            axis.set_major_locator(LogLocator(numticks=7))
            low, high = axis.get_view_interval()
            if low > 0 and high > 30 * low:
                axis.set_minor_formatter(NullFormatter())
            elif low > 0 and high > 4 * low:  # powers of ten alone would be too few, all minor labels collide
                axis.set_major_locator(LogLocator(subs=[1.0, 2.0, 5.0], numticks=7))
                axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
                axis.set_minor_formatter(NullFormatter())


def x_label(file):
    return file.problem.symbol + (f" [{file.problem.unit}]" if file.problem.unit not in ("", "1") else "")


# --- solutions and coefficients ----------------------------------------------------------------------------------


def resolved_until(values):
    """How many leading output points show an oscillation that the eye can follow."""
    signs = np.sign(values)
    changes = (signs[1:] * signs[:-1] < 0).astype(float)
    width = 12
    if changes.size < width:
        return values.size
    share = np.convolve(changes, np.ones(width) / width, mode="valid")
    crowded = np.flatnonzero(share > RESOLVED)
    return values.size if not crowded.size else int(crowded[0]) + width // 2


def local_scale(values):
    """The smallest size that a component has over a stretch of the output points (not at its zeros)."""
    values = np.abs(values[np.isfinite(values)])
    if not values.size:
        return 1.0
    envelope = np.array([part.max() for part in np.array_split(values, max(1, values.size // 10))])
    return max(float(envelope.min()), 1e-300)


def from_coefficients(file, sample, name, at, nodes):
    """The solution at positions `at`: the patches' own forms, their coefficients interpolated between output points.

    nodes: numbers of the output points to interpolate between. None where the coefficients are not stored.
    """
    to = np.log if file.problem.log else (lambda value: value)
    values = np.full(at.size, np.nan)
    edges = borders(file, sample)
    for number, patch in enumerate(file.problem.patches):
        names = dict(zip(patch.constants, patch.columns()))
        if any(n not in file for n in names.values()):
            return None
        inside = (at >= edges[number]) & (at <= edges[number + 1])
        constants = {constant: np.interp(to(at[inside]), to(file.x[nodes]), file.row(n, sample)[nodes])
                     for constant, n in names.items()}
        with np.errstate(all="ignore"):
            values[inside] = file.problem.patch_solution(number, name, at[inside], file.parameters_of(sample), constants)
    return values


def dense_solution(file, sample, name):
    """The solution between the output points too, which shows oscillations that these are too few for.

    Returns (x, values), or the stored points where the coefficients are not stored or do not give the same curve.
    """
    x, stored = file.x, file.row(name, sample)
    # Interpolated between every second output point the coefficients must give the solution at the others.
    half = np.union1d(np.arange(0, x.size, 2), [x.size - 1])
    coarse = from_coefficients(file, sample, name, x, half)
    if coarse is None or not np.isfinite(coarse).all():
        return x, stored
    with np.errstate(all="ignore"):
        around = np.lib.stride_tricks.sliding_window_view(np.pad(np.abs(stored), 6, mode="edge"), 13).max(axis=1)
        if not (np.abs(coarse - stored) <= 1e-2 * around).all():
            return x, stored
    share = np.linspace(0, x.size - 1, 12 * (x.size - 1) + 1)
    to = np.log if file.problem.log else (lambda value: value)
    fine = np.interp(share, np.arange(x.size), to(x))
    position = np.exp(fine) if file.problem.log else fine
    position[[0, -1]] = x[[0, -1]]
    values = from_coefficients(file, sample, name, position, np.arange(x.size))
    return (position, values) if np.isfinite(values).all() else (x, stored)


def crossings(file, sample):
    """The crossovers between the patches of one point, NaN where there is none."""
    patches = [patch.name for patch in file.problem.patches]
    return [float(file.row(f"crossover_{p}_{q}", sample)) for p, q in zip(patches, patches[1:])]


def borders(file, sample):
    """Where each patch begins and ends: at its crossovers, or where the job hands over if there are none."""
    found = crossings(file, sample)
    if not np.isfinite(found).all() or found != sorted(found):
        found = [float(place) for place in file.problem.hand_overs(file.parameters_of(sample))]
    return [-np.inf] + found + [np.inf]


def draw_solution(axes, file, name, samples, notes):
    shown_values, cut = [], False
    for colour, sample in zip(COLOURS, samples):
        curve = file.row(name, sample)
        shown = resolved_until(curve)
        cut = cut or shown < curve.size
        shown_values.append(curve[:shown][np.isfinite(curve[:shown])])
        if f"{name}_matching" in file:
            axes.plot(file.x[:shown], file.row(f"{name}_matching", sample)[:shown], ls="--", lw=1.1, color=colour,
                      alpha=0.75)
        x, values = dense_solution(file, sample, name)
        axes.plot(x[x <= file.x[shown - 1]], values[x <= file.x[shown - 1]], color=colour)
        try:
            scales = [local_scale(file.row(state, sample)[:shown]) for state in file.problem.states]
            wanted = np.unique(np.linspace(0, shown - 1, 24).astype(int))
            exact = reference.solve(file.problem, file.parameters_of(sample), file.x[wanted], scales)[name]
            axes.plot(file.x[wanted], exact, ls="none", marker="o", ms=3.6, mfc="white", mec=colour, mew=1.1, zorder=4)
        except (reference.Unavailable, ValueError, KeyError) as reason:
            notes.add(f"no reference drawn: {reason}")
    values = np.concatenate(shown_values)
    if spans_decades(values):
        axes.set_yscale("log")
        lowest = np.quantile(values, 0.01)  # a few values next to nothing, at a start from zero, say, take no room
        axes.set_ylim(max(lowest, values.max() * 1e-20) / 2, values.max() * 4)  # matching may leave the picture
    elif values.size:
        margin = 0.25 * (np.ptp(values) or 1.0)
        axes.set_ylim(values.min() - margin, values.max() + margin)
    axes.set_xscale("log" if file.problem.log else "linear")
    title = f"Solution {name}" + (" (while the output points resolve it)" if cut else "")
    finish(axes, title, x_label(file), file.label(name))


def around(file, ends):
    """The part of the axis to show: from the first to the last of `ends`, and a little more, within the range."""
    to, back = (np.log, np.exp) if file.problem.log else (np.asarray, np.asarray)
    low, high = to(min(ends)), to(max(ends))
    margin = 0.15 * (high - low)
    return max(back(low - margin), file.x[0]), min(back(high + margin), file.x[-1])


def main_range(values):
    """Where the values are, but for a few that would flatten all others: a coefficient may run away where it is
    no longer felt."""
    low, high = np.quantile(values, [0.05, 0.95])
    if values.max() - values.min() > 20 * (high - low) > 0:
        return low, high
    return values.min(), values.max()


def draw_coefficients(axes, file, number, samples):
    """One patch's coefficient functions: bold on its own side of the hand-overs, faint outside."""
    patch = file.problem.patches[number]
    constants = patch.constants
    inside_values, bold_ends = [], []
    for colour, sample in zip(COLOURS, samples):
        low, high = borders(file, sample)[number: number + 2]
        crossovers = [edge for edge in crossings(file, sample) if edge in (low, high)]
        inside = (file.x >= low) & (file.x <= high)
        # A little beyond the hand-overs the next patch's side is shown; far from there a coefficient means nothing.
        near = np.convolve(inside, np.ones(file.x.size // 8 * 2 + 1), mode="same") > 0
        ends = [edge for edge in (low, high) if file.x[0] < edge < file.x[-1]]
        bold = np.sort(np.concatenate([file.x[inside], ends]))
        for style, constant in zip(LINES, constants):
            values = file.row(f"{patch.name}_{constant}", sample)
            axes.plot(file.x[near], values[near], color=colour, ls=style, lw=0.8, alpha=0.4)
            axes.plot(bold, np.interp(bold, file.x, values), color=colour, ls=style, lw=2.0)
            axes.plot(crossovers, np.interp(crossovers, file.x, values), ls="none", marker="D", ms=5.5, color=colour,
                      mec="black", mew=0.7, zorder=5)
            inside_values.append(np.interp(bold, file.x, values))
        bold_ends += [max(low, file.x[0]), min(high, file.x[-1])]
    axes.set_xscale("log" if file.problem.log else "linear")
    axes.set_xlim(*around(file, bold_ends))
    values = np.concatenate(inside_values)
    values = values[np.isfinite(values)]
    if spans_decades(values, 1.5) and values.max() < values.min() * 1e30:
        axes.set_yscale("log")
        axes.set_ylim(values.min() / 3, values.max() * 3)
    elif values.size:
        low, high = main_range(values)
        margin = 0.35 * (high - low or abs(high) or 1.0)
        axes.set_ylim(low - margin, high + margin)
    if len(constants) > 1:
        axes.legend(handles=[Line2D([], [], color="0.3", ls=style, label=constant)
                             for style, constant in zip(LINES, constants)], loc="best", handlelength=2.6)
    name = ", ".join(constants)
    finish(axes, f"Coefficients of patch {patch.name}", x_label(file), f"{name}({file.problem.symbol})")


# --- the whole scan ----------------------------------------------------------------------------------------------


def scatter(axes, figure, file, values, label, title, logarithmic, colormap):
    """A quantity over the parameter space: against one parameter, or in colour over the first two."""
    good = np.isfinite(values) & (values > 0 if logarithmic else True)
    names = file.varied[:2] or ["sample"]
    columns = [file.values[name] if name in file.values else np.arange(values.size) for name in names]
    size = float(np.clip(4000.0 / max(1, values.size), 2.0, 20.0))
    if not good.any():
        axes.text(0.5, 0.5, "not computed", transform=axes.transAxes, ha="center", color="0.4")
        axes.set_title(title)
        axes.set_xticks([])
        axes.set_yticks([])
        return
    if len(names) == 1:
        axes.scatter(columns[0][good], values[good], s=size, color=COLOURS[0], alpha=0.7, linewidths=0, rasterized=True)
        if logarithmic:
            axes.set_yscale("log")
    else:
        # The colour range leaves out the outermost 0.5% at either end, so that one outlier does not flatten the rest.
        low, high = np.quantile(values[good], [0.005, 0.995])
        norm = LogNorm(low, high) if logarithmic and high > low else None
        drawn = axes.scatter(columns[0][good], columns[1][good], c=values[good], s=size, norm=norm, cmap=colormap,
                             linewidths=0, rasterized=True,
                             **({} if norm or not logarithmic else {"vmin": low, "vmax": high}))
        bar = figure.colorbar(drawn, ax=axes, pad=0.02, extend="both" if norm else "neither")
        bar.set_label(label)
        bar.outline.set_visible(False)
    if len(names) == 1:
        finish_scale(axes.set_xscale, file, names[0])
        finish(axes, title, file.label(names[0]) if names[0] in file else "sample", label)
        return
    finish_scale(axes.set_xscale, file, names[0])
    finish_scale(axes.set_yscale, file, names[1])
    finish(axes, title, file.label(names[0]), file.label(names[1]))


def finish_scale(set_scale, file, name):
    set_scale("log" if file.log_parameter.get(name, False) else "linear")


def draw_error(axes, figure, file):
    errors = file.column("error_estimate")
    scatter(axes, figure, file, errors, "estimated relative error", "Error over the parameter space", True, "viridis")
    failed = (file.status > CONVERGED) & np.isin(file.status, [2, 3, 4])
    if failed.any() and file.varied:
        columns = [file.values[name][failed] for name in file.varied[:2]]
        if len(columns) == 1:
            columns.append(np.where(np.isfinite(errors[failed]), errors[failed], np.nanmax(np.append(errors, 1e-12))))
        axes.scatter(*columns, marker="x", s=22, lw=1.1, color=COLOURS[1])
        axes.set_title(f"Error (x: {failed.sum()} points not converged)")


def draw_distribution(axes, file):
    shown = []
    for name, label, colour in (("error_estimate", "this file, estimated", COLOURS[0]),
                                ("reference_error", "this file, true (verified subset)", COLOURS[2]),
                                ("matching_error", "conventional matching", COLOURS[1])):
        values = file.column(name) if name in file else np.array([])
        if name == "matching_error":  # it is measured on the trained solution
            values = values[file.status == CONVERGED]
        values = np.clip(values[np.isfinite(values) & (values > 0)], 1e-20, 1e20)
        if values.size:
            shown.append((values, label, colour))
    if not shown:
        axes.text(0.5, 0.5, "no errors computed", transform=axes.transAxes, ha="center", color="0.4")
        finish(axes, "Distribution of the error", "relative error", "points")
        return
    everything = np.concatenate([np.quantile(values, [0, 1]) for values, _, _ in shown])
    edges = np.logspace(np.floor(np.log10(everything.min())), np.ceil(np.log10(everything.max()) + 1e-9), 61)
    if edges[-1] <= edges[0]:
        edges = np.logspace(np.log10(edges[0]) - 1, np.log10(edges[0]) + 1, 41)
    for values, label, colour in shown:
        weights = np.full(values.size, 100.0 / values.size)
        axes.hist(values, bins=edges, weights=weights, color=colour, alpha=0.55, label=label)
        axes.axvline(np.median(values), color=colour, lw=1.3, ls="--")
    tolerance = (file.job.get("training") or {}).get("tolerance")
    if tolerance:
        axes.axvline(float(tolerance), color="0.35", lw=1.0, ls=":", label="tolerance")
    axes.set_xscale("log")
    top = axes.get_ylim()[1]
    axes.set_ylim(0, top * 1.45)  # room for the legend
    axes.set_yticks([tick for tick in axes.get_yticks() if tick <= 100])
    axes.legend(loc="upper left", frameon=True, framealpha=0.9, facecolor="white", edgecolor="none")
    finish(axes, "Distribution of the error (dashed: medians)", "relative error", "share of points [%]")


def draw_derived(axes, figure, file, name):
    trained = np.isin(file.status, [CONVERGED, 5])
    if not trained.any():
        trained = file.status == 2
    values = np.where(trained, file.column(name), np.nan)
    scatter(axes, figure, file, values, file.label(name), f"Derived: {name}", spans_decades(values, 1.3), "cividis")


def draw(file, samples, path):
    derived = [name for name in (file.job["problem"].get("derived") or {}) if name in file][:6]
    unknowns = [name for name in file.problem.unknowns if name in file]
    patches = [number for number, patch in enumerate(file.problem.patches)
               if all(name in file for name in patch.columns())]
    count = len(unknowns) + len(patches) + 2 + len(derived)
    rows, columns = min((-(-count // columns), columns) for columns in (3, 4))
    header = 1.05  # inches for the title and the common legend
    height = 3.55 * rows + header
    figure, grid = plt.subplots(rows, columns, figsize=(4.9 * columns, height), layout="constrained", squeeze=False)
    figure.get_layout_engine().set(rect=(0, 0, 1, 1 - header / height), w_pad=0.08, h_pad=0.08)
    panels = iter(grid.flat)
    notes = set()
    for name in unknowns:
        draw_solution(next(panels), file, name, samples, notes)
    for number in patches:
        draw_coefficients(next(panels), file, number, samples)
    draw_error(next(panels), figure, file)
    draw_distribution(next(panels), file)
    for name in derived:
        draw_derived(next(panels), figure, file, name)
    for axes in panels:
        axes.set_visible(False)
    add_header(figure, file, samples, notes)
    figure.savefig(path)
    plt.close(figure)


def add_header(figure, file, samples, notes):
    """Title, and one legend for all panels of single points: which colour is which point, which line is what."""
    done = int((file.status > 0).sum())
    figure.suptitle(f"{file.job['problem']['name']}: {done:,} of {file.status.size:,} points", fontsize=13,
                    fontweight="bold", x=0.01, ha="left", y=1 - 0.12 / figure.get_figheight(), va="top")
    handles = []
    for colour, sample in zip(COLOURS, samples):
        values = ", ".join(f"{name} = {file.values[name][sample]:.3g}" for name in file.varied[:3])
        handles.append(Line2D([], [], color=colour, lw=2.4, label=f"point {sample}: {values}"))
    method = (file.job.get("training") or {}).get("method", "gauss_newton")
    handles += [Line2D([], [], color="0.3", label="gluesweep" if method == "gauss_newton" else f"method {method}"),
                Line2D([], [], color="0.3", ls="--", lw=1.1, label="conventional matching"),
                Line2D([], [], color="0.3", ls="none", marker="o", mfc="white", ms=4, label="independent reference"),
                Line2D([], [], color="0.3", ls="none", marker="D", mec="black", ms=5, label="hand-over (crossover)")]
    if notes:
        handles.append(Line2D([], [], ls="none", label="; ".join(sorted(notes))))
    top = 1 - 0.42 / figure.get_figheight()
    figure.legend(handles=handles[:len(samples)], loc="upper left", bbox_to_anchor=(0.0, top), ncols=2, fontsize=9)
    figure.legend(handles=handles[len(samples):], loc="upper right", bbox_to_anchor=(1.0, top), ncols=2, fontsize=9)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="sweep file (HDF5)")
    parser.add_argument("-o", "--output", help="picture to write (default: FILE with .png)")
    parser.add_argument("--samples", help="sample numbers to draw as curves, separated by commas (at most 6)")
    arguments = parser.parse_args()
    file = SweepFile(arguments.file)
    if arguments.samples:
        try:
            samples = [int(word) for word in arguments.samples.split(",")][: len(COLOURS)]
        except ValueError:
            parser.error(f"--samples takes numbers separated by commas, not '{arguments.samples}'")
        wrong = [sample for sample in samples if not 0 <= sample < file.status.size]
        if wrong:
            parser.error(f"--samples: the file has points 0 to {file.status.size - 1}, not {wrong[0]}")
    else:
        samples = choose_samples(file)
    path = arguments.output or str(pathlib.Path(arguments.file).with_suffix(".png"))
    draw(file, samples, path)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
