#!/usr/bin/env python3
"""Which deep trunks work? Measures hidden layers of many depths and weight sizes across the transition from order to chaos.

  analysis/trunk_study.py PROGRAM [-o FOLDER] [--points 16] [--jobs N]

For every activation, depth and sigma_w it asks PROGRAM (gluesweep) for the rank of the features, the error of the best fit to
the coefficient functions of both problems, and the error of a small scan. Writes trunk_study.csv, a table in Markdown
(trunk_study.md) and a picture (trunk_study.png) into FOLDER. Trunks that stand in trunk_study.csv already are not measured
again.
"""
from __future__ import annotations

import argparse
import concurrent.futures
import csv
import math
import os
import pathlib
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, fields

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import Normalize  # noqa: E402

PROBLEMS = ("freeze_out", "michaelis_menten")
ACTIVATIONS = ("tanh", "sin", "silu")
DEPTHS = (1, 2, 4, 8, 16, 32)
SIGMA_W = (0.5, 0.9, 1.2, 1.4, 1.7, 2.2, 3.0)
SIGMA_B = 0.2
FINE = "network={features: 192, elements: 80, trunk: {train: none}}"  # one layer, for the coefficient functions that are to be fitted
JOBS = pathlib.Path(__file__).resolve().parent.parent / "jobs"
SMALLEST = 1e-12  # of errors, in the picture
WITHIN = 3.0  # a trunk within this factor of the best of its depth is as good


@dataclass
class Row:
    """One trunk."""

    activation: str
    depth: int
    sigma_w: float
    critical_sigma_w: float
    chi_1: float
    depth_scale: float
    rank: int
    representation_freeze_out: float
    representation_michaelis_menten: float
    sweep_freeze_out: float
    sweep_michaelis_menten: float


@dataclass
class Study:
    program: str
    folder: pathlib.Path
    points: int
    base: dict[str, pathlib.Path]  # scans whose coefficient functions are to be fitted

    def call(self, *words: str) -> int:
        """Runs the program; its exit code, which may say that points failed."""
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run([self.program, *words], capture_output=True, text=True, env=environment, check=False)
        if done.returncode not in (0, 3):
            sys.exit(f"trunk_study.py: {' '.join([self.program, *words])}: {done.stderr.strip() or done.returncode}")
        return done.returncode

    def job(self, problem: str) -> str:
        return str(JOBS / f"{problem}.yaml")

    def scan(self, problem: str, network: str, name: str) -> pathlib.Path:
        path = self.folder / f"{name}.h5"
        self.call("run", self.job(problem), "-o", str(path), "--overwrite", "--progress", "none", "--max-failed", "1",
                  "--set", f"sweep.samples={self.points}", "--set", "verification.reference_fraction=0",
                  "--set", "training.rescue=false", "--set", network)
        return path

    def measure(self, activation: str, depth: int, sigma_w: float) -> Row:
        name = f"{activation}_{depth}_{sigma_w:g}"
        trunk = (f"network.trunk={{layers: {depth}, activation: {activation}, "
                 f"init: {{sigma_w: {sigma_w}, sigma_b: {SIGMA_B}}}, train: none}}")
        found: dict[str, float] = {}
        for problem in PROBLEMS:
            diagnosis = self.folder / f"{name}_{problem}_diagnosis.h5"
            diagnosis.unlink(missing_ok=True)
            self.call("diagnose", self.job(problem), "--set", trunk, "--draws", "0", "--depth", "8",
                      "--coefficients", str(self.base[problem]), "-o", str(diagnosis))
            with h5py.File(diagnosis, "r") as file:
                found |= {key: float(file.attrs[key]) for key in ("critical_sigma_w", "chi_1", "correlation_depth", "rank")}
                found[f"representation_{problem}"] = float(np.median(np.max(file["coefficient_error"][:], axis=1)))
            found[f"sweep_{problem}"] = sweep_error(self.scan(problem, trunk, f"{name}_{problem}"))
        return Row(activation, depth, sigma_w, found["critical_sigma_w"], found["chi_1"], found["correlation_depth"],
                   int(found["rank"]), found["representation_freeze_out"], found["representation_michaelis_menten"],
                   found["sweep_freeze_out"], found["sweep_michaelis_menten"])


def sweep_error(path: pathlib.Path) -> float:
    """Median over the points; one that failed counts as wrong by its own size or more."""
    with h5py.File(path, "r") as file:
        errors = file["error_estimate"][:]
    return float(np.median(np.where(np.isfinite(errors), errors, 1.0)))


def measure_all(study: Study, table: pathlib.Path, jobs: int) -> list[Row]:
    rows = read_csv(table)
    known = {(row.activation, row.depth, row.sigma_w) for row in rows}
    wanted = [(activation, depth, sigma_w) for activation in ACTIVATIONS for depth in DEPTHS
              for sigma_w in (SIGMA_W if depth > 1 else SIGMA_W[:1]) if (activation, depth, sigma_w) not in known]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for done, row in enumerate(pool.map(lambda trunk: study.measure(*trunk), wanted), start=1):
            rows.append(row)
            write_csv(table, rows)
            print(f"\r{done} of {len(wanted)} trunks", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return rows


def read_csv(path: pathlib.Path) -> list[Row]:
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return [Row(line["activation"], int(line["depth"]), float(line["sigma_w"]), float(line["critical_sigma_w"]),
                    float(line["chi_1"]), float(line["depth_scale"]), int(line["rank"]),
                    *(float(line[f"{what}_{problem}"]) for what in ("representation", "sweep") for problem in PROBLEMS))
                for line in csv.DictReader(file)]


def write_csv(path: pathlib.Path, rows: list[Row]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Row)], lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: f"{value:.6g}" if isinstance(value, float) else value
                             for name, value in asdict(row).items()})


def window(rows: list[Row], quantity: str) -> tuple[Row, float, float]:
    """The best of the rows, and the sigma_w between which a trunk is as good within a factor."""
    best = min(rows, key=lambda row: getattr(row, quantity))
    good = [row.sigma_w for row in rows if getattr(row, quantity) <= WITHIN * getattr(best, quantity)]
    return best, min(good), max(good)


def write_table(path: pathlib.Path, rows: list[Row]) -> None:
    head = "| activation | layers | rank | " + " | ".join(
        f"`{problem}`: best {what}, at sigma_w" for problem in PROBLEMS for what in ("fit", "scan")) + " |"
    lines = [head, "|" + "---|" * (head.count("|") - 1)]
    for activation in ACTIVATIONS:
        for depth in DEPTHS:
            some = [row for row in rows if row.activation == activation and row.depth == depth]
            ranks = [row.rank for row in some]
            cells = [activation, str(depth), f"{min(ranks)}-{max(ranks)}" if min(ranks) < max(ranks) else str(ranks[0])]
            for problem in PROBLEMS:
                for quantity in ("representation", "sweep"):
                    best, low, high = window(some, f"{quantity}_{problem}")
                    place = f", {best.sigma_w:g} ({low:g}-{high:g})" if depth > 1 else ""
                    cells.append(f"{getattr(best, f'{quantity}_{problem}'):.0e}{place}")
            lines.append("| " + " | ".join(cells) + " |")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def edges(values: tuple[float, ...]) -> np.ndarray:
    middle = (np.array(values[1:]) + np.array(values[:-1])) / 2
    return np.concatenate([[1.5 * values[0] - 0.5 * values[1]], middle, [1.5 * values[-1] - 0.5 * values[-2]]])


def draw(path: pathlib.Path, rows: list[Row]) -> None:
    """Maps over sigma_w and depth, with the transition and where the depth is a few depth scales."""
    columns = [("rank", "rank of the features"),
               *((f"representation_{problem}", f"{problem}: best fit, log10") for problem in PROBLEMS),
               *((f"sweep_{problem}", f"{problem}: scan, log10") for problem in PROBLEMS)]
    figure, axes = plt.subplots(len(ACTIVATIONS), len(columns), figsize=(19, 3.1 * len(ACTIVATIONS)), layout="constrained",
                                sharex=True, sharey=True, squeeze=False)
    for line, activation in zip(axes, ACTIVATIONS):
        for panel, (quantity, title) in zip(line, columns):
            grid = np.array([[cell(rows, activation, depth, sigma_w, quantity) for sigma_w in SIGMA_W] for depth in DEPTHS])
            low, high = (0.0, float(np.max(grid))) if quantity == "rank" else (-9.0, 0.0)
            image = panel.pcolormesh(edges(SIGMA_W), np.arange(len(DEPTHS) + 1) - 0.5, grid, norm=Normalize(low, high),
                                     cmap="viridis" if quantity == "rank" else "viridis_r")
            figure.colorbar(image, ax=panel)
            panel.set_title(f"{activation}, {title}", fontsize=9.5, loc="left")
            panel.axvline(next(row.critical_sigma_w for row in rows if row.activation == activation), color="w", lw=1.6)
            draw_depth_scales(panel, [row for row in rows if row.activation == activation and row.depth == DEPTHS[-1]])
            panel.set_yticks(range(len(DEPTHS)), [str(depth) for depth in DEPTHS])
        line[0].set_ylabel("layers")
    for panel in axes[-1]:
        panel.set_xlabel(r"$\sigma_w$")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def cell(rows: list[Row], activation: str, depth: int, sigma_w: float, quantity: str) -> float:
    """One layer has no weights behind it: its row is the same for every sigma_w."""
    row = next(row for row in rows if row.activation == activation and row.depth == depth
               and (depth == 1 or row.sigma_w == sigma_w))
    value = float(getattr(row, quantity))
    return value if quantity == "rank" else math.log10(min(max(value, SMALLEST), 1.0))


def draw_depth_scales(panel: plt.Axes, rows: list[Row]) -> None:
    """The depth over which correlations settle, 6 xi, to which Schoenholz et al. 2017 could train networks."""
    known = [(row.sigma_w, 6 * row.depth_scale) for row in rows if math.isfinite(row.depth_scale) and row.depth_scale > 0]
    if not known:
        return
    x, y = np.array(known).T
    panel.plot(x, np.interp(np.log(y), np.log(DEPTHS), range(len(DEPTHS)), left=np.nan, right=np.nan), "w--", lw=1.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="path of gluesweep")
    parser.add_argument("-o", "--output", default=".", help="folder for the results (default: the current one)")
    parser.add_argument("--points", type=int, default=16, help="points of each scan (default: 16)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time (default: one a core)")
    arguments = parser.parse_args()
    output = pathlib.Path(arguments.output)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        study = Study(arguments.program, pathlib.Path(folder), arguments.points, {})
        study.base = {problem: study.scan(problem, FINE, f"base_{problem}") for problem in PROBLEMS}
        rows = measure_all(study, output / "trunk_study.csv", arguments.jobs)
    write_table(output / "trunk_study.md", rows)
    draw(output / "trunk_study.png", rows)


if __name__ == "__main__":
    main()
