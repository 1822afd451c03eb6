"""Pictures of what 'gluesweep diagnose' found out about hidden layers."""
from __future__ import annotations

import pathlib
from dataclasses import dataclass
from typing import Any

import h5py
import matplotlib
import numpy as np
from numpy.typing import NDArray

from .errors import AnalysisError

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

Array = NDArray[np.float64]
# Okabe and Ito's palette: distinguishable with every form of colour vision.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#333333"]
STYLE = {
    "font.size": 10, "axes.titlesize": 10.5, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.spines.top": False, "axes.spines.right": False, "legend.fontsize": 8, "legend.frameon": False,
    "lines.linewidth": 1.5, "axes.grid": True, "grid.alpha": 0.25, "grid.linewidth": 0.6, "mathtext.default": "regular",
}
SMALLEST = 1e-17  # where an error of zero is drawn


@dataclass
class Diagnosis:
    """The arrays and attributes of a file that 'gluesweep diagnose -o' wrote."""

    arrays: dict[str, Array]
    attributes: dict[str, Any]

    def __contains__(self, name: str) -> bool:
        return name in self.arrays

    def __getitem__(self, name: str) -> Array:
        return self.arrays[name]

    def names(self, attribute: str) -> list[str]:
        return str(self.attributes[attribute]).split("; ")


def read_diagnosis(path: str) -> Diagnosis:
    try:
        with h5py.File(path, "r") as file:
            if "diagnosis_format_version" not in file.attrs:
                raise AnalysisError(f"'{path}' is no diagnosis of a trunk: it lacks the attribute diagnosis_format_version; "
                                    "give a file that 'gluesweep diagnose JOB -o FILE' wrote")
            arrays = {name: np.asarray(values[:], dtype=float) for name, values in file.items()}
            return Diagnosis(arrays, dict(file.attrs))
    except OSError as error:
        raise AnalysisError(f"cannot read '{path}': {error}") from None


def _draw_couplings(axes: Axes, found: Diagnosis) -> None:
    axes.set_title("Couplings of the layers")
    axes.set_xlabel("layer")
    if found["layer"].size < 2:
        axes.text(0.5, 0.5, "one layer: nothing is coupled", transform=axes.transAxes, ha="center", color="0.4")
        return
    for name, symbol, colour in (("weight", "w", COLOURS[0]), ("bias", "b", COLOURS[1])):
        size = np.sqrt(found[f"{name}_variance"])
        error = np.divide(found[f"{name}_variance_error"], 2 * size, out=np.zeros_like(size), where=size > 0)
        axes.errorbar(found["layer"], size, error, fmt="o", ms=4, color=colour, label=rf"$\sigma_{symbol}$")
        axes.axhline(found.attributes[f"sigma_{symbol}"], color=colour, lw=0.9, ls=":")
    p_value = found.attributes["symmetry_p_value"]
    axes.set_ylim(bottom=0)
    axes.legend(title=None if np.isnan(p_value) else f"equal along the depth: p = {p_value:.2g}")


def _draw_curves(axes: Axes, found: Diagnosis, kind: str, columns: list[int], labels: list[str]) -> None:
    """Predicted lines, the trunk's own points, sampled networks with errors, and the scatter of one network."""
    depth = found["depth"]
    for column, label, colour in zip(columns, labels, COLOURS):
        axes.plot(depth, found[f"predicted_{kind}"][:, column], color=colour, label=label)
        axes.plot(depth, found[f"trunk_{kind}"][:, column], "x", color=colour, ms=6)
        if f"sampled_{kind}" not in found:
            continue
        mean, spread = found[f"sampled_{kind}"][:, :, column], found[f"sampled_{kind}_spread"][:, :, column]
        axes.fill_between(depth, mean[0] - spread[0], mean[0] + spread[0], color=colour, alpha=0.13, lw=0)
        axes.errorbar(depth, mean[-1], found[f"sampled_{kind}_error"][-1, :, column], fmt=".", ms=4, lw=0.9, color=colour)
    axes.set_xlabel("layer")
    axes.legend()


def _draw_lengths(axes: Axes, found: Diagnosis) -> None:
    places = found["place"]
    columns = [int(np.argmin(np.abs(places - wanted))) for wanted in (-0.75, 0.01, 0.25)]
    _draw_curves(axes, found, "length", columns, [rf"$\xi$ = {places[column]:g}" for column in columns])
    axes.set_title("Length q of the signals")
    if np.nanmax(found["predicted_length"]) > 100 * np.nanmin(found["predicted_length"]):
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)


def _draw_correlations(axes: Axes, found: Diagnosis) -> None:
    labels = [rf"$\Delta\xi$ = {separation:g}" for separation in found["separation"]]
    _draw_curves(axes, found, "correlation", list(range(len(labels))), labels)
    axes.set_title("Correlation c of two signals")


def _draw_phases(axes: Axes, found: Diagnosis) -> None:
    axes.set_title("Phases and the flow of the couplings")
    axes.set_xlabel(r"$\sigma_w$")
    axes.set_ylabel(r"$\sigma_b$")
    if "critical_line_sigma_b" not in found:
        axes.text(0.5, 0.5, "none with skip connections", transform=axes.transAxes, ha="center", color="0.4")
        return
    line, bias = found["critical_line_sigma_w"], found["critical_line_sigma_b"]
    stable = found["critical_line_length_slope"] <= 1 + 1e-6
    axes.plot(line, bias, ":", color="0.3", lw=1.2)
    axes.plot(np.where(stable, line, np.nan), bias, color="0.3", label="critical")
    if "flow_weight_variance" in found:
        weight, square = np.sqrt(found["flow_weight_variance"]), found["flow_bias_variance"]
        real = square >= 0
        axes.plot(weight[real], np.sqrt(square[real]), "-", color=COLOURS[0], label="flow, infinite width")
    if "sampled_flow_weight_variance" in found:
        weight, square = found["sampled_flow_weight_variance"], found["sampled_flow_bias_variance"]
        real = square >= 0
        x, y = np.sqrt(weight[real]), np.sqrt(square[real])
        axes.errorbar(x, y, found["sampled_flow_bias_variance_error"][real] / np.maximum(2 * y, 1e-9),
                      found["sampled_flow_weight_variance_error"][real] / (2 * x), fmt="o", ms=4, color=COLOURS[1],
                      label="sampled: 1, 2, 4, ... layers")
    axes.plot(found.attributes["sigma_w"], found.attributes["sigma_b"], "*", ms=13, color=COLOURS[4], mec="0.2",
              label="this trunk")
    axes.set_xlim(0, max(1.1 * float(line.max()), 1.2 * found.attributes["sigma_w"]))
    axes.set_ylim(0, float(bias.max()))
    axes.text(0.03, 0.06, "ordered", transform=axes.transAxes, color="0.4")
    axes.text(0.97, 0.06, "chaotic", transform=axes.transAxes, color="0.4", ha="right")
    axes.legend(loc="best")


def _draw_transition(axes: Axes, found: Diagnosis) -> None:
    axes.set_title("Growth of small changes over L layers")
    axes.set_xlabel(r"$\sigma_w$")
    axes.set_ylabel("ln growth")
    if "log_growth" not in found:
        axes.text(0.5, 0.5, "not sampled", transform=axes.transAxes, ha="center", color="0.4")
        return
    for column, (depth, colour) in enumerate(zip(found["finite_depth"], COLOURS)):
        axes.errorbar(found["sigma_w"], found["log_growth"][:, column], found["log_growth_error"][:, column], marker="o",
                      ms=3, color=colour, label=f"L = {depth:.0f}")
    axes.axhline(0, color="0.3", lw=0.8)
    axes.axvline(found.attributes["critical_sigma_w"], color="0.3", lw=0.8)
    words = rf"critical $\sigma_w$ = {found.attributes['measured_critical_sigma_w']:.4f}" + "\n" \
        + rf"(expected {found.attributes['critical_sigma_w']:.4f})" + "\n" + rf"$\nu$ = {found.attributes['nu']:.3f}"
    axes.text(0.97, 0.05, words, transform=axes.transAxes, ha="right", fontsize=9)
    axes.legend()


def _draw_two_steps(axes: Axes, found: Diagnosis) -> None:
    axes.set_title("Two layers as one")
    axes.set_xlabel("c before")
    axes.set_ylabel("c after two layers")
    if "correlation" not in found:
        axes.text(0.5, 0.5, "not sampled", transform=axes.transAxes, ha="center", color="0.4")
        return
    axes.plot([0, 1], [0, 1], color="0.7", lw=0.8)
    axes.plot(found["correlation"], found["two_step_composed"], color=COLOURS[0], label="map of one layer, twice")
    axes.plot(found["correlation"], found["two_step_effective"], "--", color=COLOURS[2], label="one layer, decimated couplings")
    axes.errorbar(found["correlation"], found["two_step_sampled"], found["two_step_sampled_error"], fmt="o", ms=4,
                  color=COLOURS[1], label="sampled")
    axes.legend()


def _draw_spectrum(axes: Axes, found: Diagnosis) -> None:
    axes.set_title(f"Neurons on the nodes: rank {found.attributes['rank']}")
    axes.semilogy(np.arange(1, found["singular_value"].size + 1), np.maximum(found["singular_value"], SMALLEST), ".-", ms=4,
                  color=COLOURS[0])
    axes.axvline(found.attributes["rank"], color="0.3", lw=0.8)
    axes.set_xlabel("number")
    axes.set_ylabel("singular value")


def _draw_fits(axes: Axes, found: Diagnosis) -> None:
    axes.set_title("Errors of the best fits")
    names, errors = found.names("functions"), found["function_error"]
    if "coefficient_error" in found:
        names = names + found.names("constants")
        errors = np.concatenate([errors, np.median(found["coefficient_error"], axis=0)])
    places = np.arange(len(names))[::-1]
    axes.barh(places, np.maximum(errors, SMALLEST), left=0, color=[COLOURS[0]] * found["function_error"].size
              + [COLOURS[1]] * (len(names) - found["function_error"].size), height=0.7)
    axes.set_xscale("log")
    axes.set_xlim(1e-13, 3)
    axes.set_yticks(places, names, fontsize=8)


def draw(found: Diagnosis) -> Figure:
    with matplotlib.rc_context(STYLE):
        figure, axes = plt.subplots(2, 4, figsize=(17.5, 8), layout="constrained")
        panels = (_draw_couplings, _draw_lengths, _draw_correlations, _draw_phases, _draw_transition, _draw_two_steps,
                  _draw_spectrum, _draw_fits)
        for panel, place in zip(panels, axes.flat):
            panel(place, found)
        layers = found.attributes["layers"]
        figure.suptitle(f"{found.attributes['problem']}: {layers} layer{'s' if layers != 1 else ''} of "
                        f"{found.attributes['width']} neurons, {found.attributes['activation']}, "
                        f"{found.attributes.get('phase', 'residual')}", x=0.01, ha="left", fontweight="bold")
    return figure


def save_picture(path: str, output: str | None) -> pathlib.Path:
    target = pathlib.Path(output) if output else pathlib.Path(path).with_suffix(".png")
    figure = draw(read_diagnosis(path))
    try:
        figure.savefig(target, dpi=110)
    except (OSError, ValueError) as error:
        raise AnalysisError(f"cannot write '{target}': {error}") from None
    finally:
        plt.close(figure)
    return target
