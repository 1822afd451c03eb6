"""Rate constants with error bars from noisy data: by an emulator, and by solving the equation each time.

  gluesweep run jobs/michaelis_menten.yaml --set sweep.samples=4096 && gluesweep emulate michaelis_menten.h5
  PYTHONPATH=analysis python3 analysis/examples/inference.py michaelis_menten_emulator.h5 -o inference.png

Both posteriors are sampled with the same random numbers: what tells them apart is the emulator's error, not the noise
of sampling. The data are made here, by scipy's integrator.
"""
from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import Callable

import matplotlib
import numpy as np
from gluesweep_analysis.emulator import Emulator, open_emulator
from scipy.integrate import solve_ivp
from scipy.ndimage import gaussian_filter

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

NAMES = ("kf", "kcat")
TRUTH = np.log([120.0, 3.5])
KR, E0, S0, START = 1.0, 0.1, 1.0, 1.0e-4  # as in jobs/problems/michaelis_menten.yaml
TIMES = np.geomspace(3.0e-3, 5.0, 30)
SCATTER = {"S": 0.03, "C": 0.005}  # standard deviations of the measurements, mol/l

Curves = Callable[[np.ndarray], np.ndarray]  # logarithms of parameters (B, 2) -> S and C at TIMES (B, 2, M)


@dataclass
class Posterior:
    samples: np.ndarray  # (N, 2) logarithms of the parameters
    values: np.ndarray  # (N) logarithms of the posterior density, up to a constant
    seconds: float
    evaluations: int

    @property
    def mean(self) -> np.ndarray:
        return self.samples.mean(axis=0)

    @property
    def deviation(self) -> np.ndarray:
        return self.samples.std(axis=0)

    @property
    def correlation(self) -> float:
        return float(np.corrcoef(self.samples.T)[0, 1])


def solved(theta: np.ndarray, times: np.ndarray = TIMES) -> np.ndarray:
    """The equation itself, by a stiff integrator."""

    def curves(kf: float, kcat: float) -> np.ndarray:
        def rates(_: float, u: np.ndarray) -> list[float]:
            binding = kf * (E0 - u[1]) * u[0] - KR * u[1]
            return [-binding, binding - kcat * u[1]]

        return solve_ivp(rates, (START, times[-1]), [S0, 0.0], method="LSODA", t_eval=times, rtol=1e-9, atol=1e-12).y

    return np.stack([curves(*row) for row in np.exp(theta)])


def emulated(emulator: Emulator, times: np.ndarray = TIMES) -> Curves:
    def curves(theta: np.ndarray) -> np.ndarray:
        found = emulator.solution(dict(zip(NAMES, np.exp(theta).T)), times)
        return np.stack([found["S"], found["C"]], axis=1)

    return curves


def measured(seed: int = 1) -> np.ndarray:
    """What an experiment would give: (2, M)."""
    scatter = np.array(list(SCATTER.values()))[:, None]
    return solved(TRUTH[None])[0] + scatter * np.random.default_rng(seed).normal(size=(2, TIMES.size))


def log_posterior(curves: Curves, data: np.ndarray, low: np.ndarray, high: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """(B) Gaussian likelihood, and a prior that is flat in the logarithms over the range of the scan."""
    inside = ((theta > low) & (theta < high)).all(axis=1)
    value = np.full(len(theta), -np.inf)
    if inside.any():
        scatter = np.array(list(SCATTER.values()))[:, None]
        value[inside] = -0.5 * (((curves(theta[inside]) - data) / scatter) ** 2).sum(axis=(1, 2))
    return np.where(np.isnan(value), -np.inf, value)  # NaN: the emulator does not know


def sample(curves: Curves, data: np.ndarray, low: np.ndarray, high: np.ndarray, walkers: int, steps: int,
           seed: int = 2) -> Posterior:
    """Goodman and Weare's stretch moves (Comm. App. Math. Comp. Sci. 5 (2010) 65); the first quarter is dropped."""
    generator = np.random.default_rng(seed)
    theta = TRUTH + 0.05 * generator.normal(size=(walkers, 2))
    started, kept, values = time.perf_counter(), [], []
    value = log_posterior(curves, data, low, high, theta)
    halves = np.array_split(np.arange(walkers), 2)
    for step in range(steps):
        for own, others in (halves, halves[::-1]):
            stretch = (generator.uniform(size=own.size) + 1.0) ** 2 / 2.0  # density ~ z^(-1/2) on [1/2, 2]
            partners = theta[generator.choice(others, own.size)]
            proposed = partners + stretch[:, None] * (theta[own] - partners)
            new = log_posterior(curves, data, low, high, proposed)
            threshold = np.log(generator.uniform(size=own.size))
            accepted = threshold < np.log(stretch) * (theta.shape[1] - 1) + new - value[own]
            theta[own[accepted]], value[own[accepted]] = proposed[accepted], new[accepted]
        if step >= steps // 4:
            kept.append(theta.copy())
            values.append(value.copy())
    return Posterior(np.concatenate(kept), np.concatenate(values), time.perf_counter() - started, walkers * (steps + 1))


def text(posteriors: dict[str, Posterior]) -> str:
    lines = []
    for name, own in posteriors.items():
        values = [f"ln {parameter} = {mean:.4f} +- {deviation:.4f}"
                  for parameter, mean, deviation in zip(NAMES, own.mean, own.deviation)]
        lines.append(f"{name:9} {', '.join(values)}, correlation {own.correlation:+.3f}; {own.evaluations:,} curves in "
                     f"{own.seconds:.1f} s")
    one, other = posteriors.values()
    shift = np.abs(one.mean - other.mean) / other.deviation
    lines.append(f"means differ by {shift.max():.1e} standard deviations, these by a share of "
                 f"{np.abs(one.deviation / other.deviation - 1).max():.1e}")
    same = (one.samples == other.samples).all(axis=1)
    difference = np.abs(one.values - other.values)[same].max(initial=0.0)
    lines.append(f"{same.mean():.2%} of the samples are the same; there the logarithms of the posterior differ by at "
                 f"most {difference:.1e}")
    return "\n".join(lines)


STYLES = {"emulator": {"color": "#c1440e", "linestyle": "-"}, "solver": {"color": "#1f4e79", "linestyle": "--"}}


def draw_posteriors(axes: dict[str, plt.Axes], posteriors: dict[str, Posterior]) -> None:
    bins = [np.linspace(*np.quantile(posteriors["solver"].samples[:, j], [0.0005, 0.9995]), 26) for j in range(2)]
    middles = [np.exp(0.5 * (edges[1:] + edges[:-1])) for edges in bins]
    for name, own in posteriors.items():
        style, width = STYLES[name], 2.5 if name == "emulator" else 1.3
        density = gaussian_filter(np.histogram2d(*own.samples.T, bins=bins)[0], 1.2)
        ordered = np.sort(density.ravel())[::-1]
        levels = [ordered[np.searchsorted(np.cumsum(ordered), share * ordered.sum())] for share in (0.95, 0.68)]
        axes["joint"].contour(*middles, density.T, levels=levels, colors=style["color"], linestyles=style["linestyle"],
                              linewidths=width)
        for panel, j in (("kf", 0), ("kcat", 1)):
            heights, _ = np.histogram(own.samples[:, j], bins=bins[j], density=True)
            where = (middles[j], heights) if panel == "kf" else (heights, middles[j])
            axes[panel].plot(*where, linewidth=width, label=name, **style)
    axes["joint"].plot(*np.exp(TRUTH), "+", color="black", markersize=12, markeredgewidth=2)
    axes["joint"].set(xlabel="kf [l/(mol s)]", ylabel="kcat [1/s]")
    axes["kf"].set(yticks=[])
    axes["kf"].set_title("posteriors: 68% and 95%, + truth", fontsize=10)
    axes["kcat"].set(xticks=[])
    axes["kf"].tick_params(labelbottom=False)
    axes["kcat"].tick_params(labelleft=False)
    axes["kf"].legend(frameon=False, fontsize=8, loc="upper right")


def draw_data(axes: dict[str, plt.Axes], data: np.ndarray, posterior: Posterior, emulator: Emulator) -> None:
    times = np.geomspace(START, 20.0, 200)
    some = posterior.samples[:: max(1, len(posterior.samples) // 200)]
    low, middle, high = np.nanquantile(emulated(emulator, times)(some), [0.025, 0.5, 0.975], axis=0)
    for j, name in enumerate(SCATTER):
        axes[name].fill_between(times, low[j], high[j], color="#c1440e", alpha=0.3, linewidth=0)
        axes[name].plot(times, middle[j], color="#c1440e", label="emulator: median, 95%")
        axes[name].errorbar(TIMES, data[j], SCATTER[name], fmt="o", color="black", markersize=3, linewidth=1,
                            label="data")
        axes[name].set(xscale="log", ylabel=f"{name} [mol/l]")
        axes[name].legend(frameon=False, fontsize=8)
    axes["S"].tick_params(labelbottom=False)
    axes["C"].set(xlabel="t [s]")


def draw(path: str, data: np.ndarray, posteriors: dict[str, Posterior], emulator: Emulator) -> None:
    figure, axes = plt.subplot_mosaic([["kf", ".", "S"], ["joint", "kcat", "S"], ["joint", "kcat", "C"]],
                                      figsize=(10, 5.2), width_ratios=[3, 0.9, 4], height_ratios=[1, 0.9, 1.8],
                                      constrained_layout=True)
    axes["kf"].sharex(axes["joint"])
    axes["kcat"].sharey(axes["joint"])
    draw_posteriors(axes, posteriors)
    draw_data(axes, data, posteriors["emulator"], emulator)
    figure.savefig(path, dpi=110)


def infer(emulator: Emulator, walkers: int, steps: int) -> tuple[np.ndarray, dict[str, Posterior]]:
    data = measured()
    order = [emulator.names.index(name) for name in NAMES]
    low, high = np.log(emulator.low[order]), np.log(emulator.high[order])
    ways: dict[str, Curves] = {"emulator": emulated(emulator), "solver": solved}
    return data, {name: sample(curves, data, low, high, walkers, steps) for name, curves in ways.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("emulator", help="of jobs/michaelis_menten.yaml")
    parser.add_argument("-o", "--output", default="inference.png", help="picture to write")
    parser.add_argument("--walkers", type=int, default=24)
    parser.add_argument("--steps", type=int, default=400)
    options = parser.parse_args()
    emulator = open_emulator(options.emulator)
    data, posteriors = infer(emulator, options.walkers, options.steps)
    print(text(posteriors))
    draw(options.output, data, posteriors, emulator)


if __name__ == "__main__":
    main()
