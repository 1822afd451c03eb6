"""Figures as inline SVG in the page's own colours and type, so that they follow light and dark mode."""
from __future__ import annotations

import io
import itertools
import re
from typing import Any, Sequence

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.ticker import (FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter,  # noqa: E402
                               NullLocator)

# Colours that the page's style sheet has a light and a dark value of; drawn as stand-ins and replaced in the SVG.
INK, MUTED, GRID, SURFACE = "#010101", "#020202", "#030303", "#040404"
SERIES = ["#0a0101", "#0a0202", "#0a0303", "#0a0404", "#0a0505", "#0a0606"]
_VARIABLES = {INK: "ink", MUTED: "muted", GRID: "grid", SURFACE: "surface",
              **{colour: f"s{number}" for number, colour in enumerate(SERIES, start=1)}}
# Rasterised marks cannot follow: colours of middle lightness, legible on both.
RASTER = "#3f8fc6"
DASHES = ["-", (0, (5, 1.6)), (0, (1.2, 1.4)), (0, (5, 1.4, 1.2, 1.4))]

WIDTH, HEIGHT = 5.0, 3.4  # inches; 72 units of the drawing each
RASTER_DPI = 170
_STYLE = {
    "svg.fonttype": "none", "font.size": 11, "axes.labelsize": 11, "xtick.labelsize": 10.5, "ytick.labelsize": 10.5,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": MUTED, "axes.linewidth": 0.8,
    "axes.labelcolor": INK, "xtick.color": MUTED, "ytick.color": MUTED, "xtick.labelcolor": INK,
    "ytick.labelcolor": INK, "text.color": INK, "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.7,
    "axes.axisbelow": True, "axes.facecolor": "none", "figure.facecolor": "none", "lines.linewidth": 1.5,
    "xtick.major.size": 3, "ytick.major.size": 3, "xtick.minor.size": 1.5, "ytick.minor.size": 1.5,
}
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_numbers = itertools.count(1)


def power_of_ten(value: float) -> str:
    """1e-09 as 10⁻⁹, 2e-09 as 2·10⁻⁹, numbers near one as they are."""
    if value == 0 or not np.isfinite(value):
        return f"{value:g}"
    exponent = int(np.floor(np.log10(abs(value)) + 1e-12))
    if -3 <= exponent <= 3:
        return f"{value:.6g}".replace("-", "−")
    digits = f"{value / 10.0**exponent:.5g}".replace("-", "−")
    power = "10" + str(exponent).translate(_SUPERSCRIPTS)
    return power if digits == "1" else f"{digits}·{power}"


class Panel:
    """One figure with one pair of axes, and room for a colour bar where asked for."""

    def __init__(self, colour_bar: bool = False, height: float = HEIGHT) -> None:
        with matplotlib.rc_context(_STYLE):
            self.figure = Figure(figsize=(WIDTH, height), layout="constrained")
            self.figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02)
            self.axes: Axes = self.figure.add_subplot()
        self.has_bar = colour_bar

    def bar(self, drawn: Any, label: str, log: bool, extend: str = "neither") -> None:
        """The colour bar of a map."""
        with matplotlib.rc_context(_STYLE):
            bar = self.figure.colorbar(drawn, ax=self.axes, pad=0.015, fraction=0.06, extend=extend)
            bar.outline.set_visible(False)
            bar.solids.set_rasterized(True)
            bar.set_label(label)
            if log:
                bar.ax.yaxis.set_major_locator(LogLocator(numticks=6))
                finish_axis(bar.ax.yaxis, log=True)
            else:
                bar.ax.yaxis.set_major_locator(MaxNLocator(5))
                finish_axis(bar.ax.yaxis, log=False)

    def finish(self, xlabel: str, ylabel: str) -> None:
        """Labels, and ticks that do not collide."""
        self.axes.set_xlabel(xlabel)
        self.axes.set_ylabel(ylabel)
        for axis, scale in ((self.axes.xaxis, self.axes.get_xscale()), (self.axes.yaxis, self.axes.get_yscale())):
            finish_axis(axis, log=scale == "log")

    def svg(self, description: str) -> str:
        """The drawing as an element of an HTML page."""
        stream = io.StringIO()
        with matplotlib.rc_context(_STYLE):
            self.figure.get_layout_engine().execute(self.figure)
            self.figure.set_layout_engine("none")  # saving would do it twice more
            self.figure.savefig(stream, format="svg", dpi=RASTER_DPI, transparent=True,
                                metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        return _inline(stream.getvalue(), description)


def _inline(svg: str, description: str) -> str:
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"<!--.*?-->\s*|<style .*?</style>", "", svg, flags=re.S)  # the page has a style sheet of its own
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg)
    svg = svg.replace("<svg", f'<svg class="plot" role="img" aria-label="{_escaped(description)}"', 1)
    for colour, name in _VARIABLES.items():
        svg = svg.replace(colour, f"var(--{name})")
    svg = re.sub(r"font: ((?:\w+ )*[\d.]+px) [^;\"]*", r"font: \1 var(--font)", svg)
    prefix = f"f{next(_numbers)}-"
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}\1)", svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}\1"', svg)
    return re.sub(r' d="([^"]*)"', lambda match: ' d="' + re.sub(r"(\.\d{2})\d+", r"\1", match[1]) + '"', svg)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


def finish_axis(axis: Any, log: bool) -> None:
    if not log:
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        axis.set_major_formatter(_linear_formatter(*axis.get_view_interval()))
        return
    low, high = axis.get_view_interval()
    if low > 0 and np.floor(np.log10(high)) - np.ceil(np.log10(low)) < 2:  # powers of ten alone would be too few
        ticks = _round_numbers(low, high)
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_minor_locator(FixedLocator([]))
    else:
        axis.set_major_locator(LogLocator(numticks=7))
        if high > 1e4 * low:
            axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: power_of_ten(value)))
    axis.set_minor_formatter(NullFormatter())


def _linear_formatter(low: float, high: float) -> FuncFormatter:
    """All digits that tell neighbouring ticks apart; with a power of ten where numbers are very large or small."""
    largest, span = max(abs(low), abs(high)), abs(high - low) or 1.0
    rounding = 10.0 ** (np.floor(np.log10(span)) - 4)  # ticks are multiples of round numbers, but for rounding

    def text(value: float, _: object) -> str:
        value = round(value / rounding) * rounding
        if 1e-3 <= largest < 1e5:
            return f"{value:.10g}".replace("-", "−")
        return "0" if value == 0 else power_of_ten(float(f"{value:.9g}"))

    return FuncFormatter(text)


def _round_numbers(low: float, high: float) -> list[float]:
    """Some three to seven round numbers between two that are less than three decades apart."""
    for digits in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)):
        decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
        ticks = [digit * 10.0**decade for decade in decades for digit in digits if low <= digit * 10.0**decade <= high]
        if len(ticks) >= (3 if high > 10 * low else 4):
            return ticks
    return [float(f"{value:.4g}") for value in np.linspace(low, high, 4)]


def spans_decades(values: np.ndarray, decades: float = 2.0) -> bool:
    """Whether data is positive and covers so many decades that only a logarithmic axis shows it."""
    values = values[np.isfinite(values)]
    return bool(values.size > 1 and values.min() > 0 and values.max() > values.min() * 10**decades)


def colours(count: int) -> Sequence[str]:
    return [SERIES[i % len(SERIES)] for i in range(count)]
