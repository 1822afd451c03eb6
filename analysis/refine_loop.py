#!/usr/bin/env python3
"""Grows a scan where its emulator needs points, until the emulator is as good as wanted.

  refine_loop.py JOB FOLDER --target 1e-5 [--start 64] [--growth 0.5] [--most 4096] [--sobol]

Runs the first points of the job's Sobol sequence, then in turn `gluesweep emulate`, `gluesweep refine` and
`gluesweep run` with the list of new points, and measures each emulator on points of another Sobol sequence, which none
of them sees. With --sobol the same numbers of points are measured for the plain sequence as well. What is in FOLDER of
an earlier loop is replaced. GLUESWEEP_PROGRAM names the program (default: build/release/gluesweep of this repository).
"""
from __future__ import annotations

import argparse
import csv
import os
import pathlib
import subprocess
import sys
from dataclasses import dataclass

import h5py
import numpy as np

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "analysis"))

from gluesweep_analysis.problem import Problem, load_job  # noqa: E402

TEST_SEED = 1_000_003
CONVERGED = 1  # of `status` in a sweep file
TOO_MANY_FAILED = 3  # exit code: the other points serve


@dataclass
class Errors:
    """Of an emulator's solutions at the test points, over the problem's magnitudes."""

    median: float
    high: float  # 99% of the points are below
    largest: float


class Program:
    """Runs the program in a folder; scans are of one job with some of its keys overridden."""

    def __init__(self, job: pathlib.Path, overrides: list[str], folder: pathlib.Path) -> None:
        self.path = os.environ.get("GLUESWEEP_PROGRAM", str(REPOSITORY / "build" / "release" / "gluesweep"))
        self.job = job.resolve()
        self.folder = folder.resolve()
        self.overrides = settings(*overrides)

    def __call__(self, *words: object) -> str:
        command = [self.path, *map(str, words)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode not in (0, TOO_MANY_FAILED):
            sys.exit(f"{' '.join(command)}\nended with exit code {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def scan(self, name: str, *keys: str) -> pathlib.Path:
        path = self.folder / f"{name}.h5"
        self("run", self.job, *self.overrides, *settings("verification.reference_fraction=0", *keys), "-o", path,
             "--overwrite", "--progress", "none")
        return path

    def emulate(self, files: list[pathlib.Path], options: list[str]) -> pathlib.Path:
        path = self.folder / "emulator.h5"
        path.unlink(missing_ok=True)
        self("emulate", *files, "-o", path, "--no-module", *options)
        return path

    def refine(self, files: list[pathlib.Path], count: int, options: list[str]) -> pathlib.Path:
        path = self.folder / f"points_{len(files)}.csv"
        path.unlink(missing_ok=True)
        self("refine", *files, self.job, *self.overrides, "-o", path, "--count", count, *options)
        return path


def settings(*keys: str) -> list[str]:
    return [word for key in keys for word in ("--set", key)]


class TestSet:
    """Points that no emulator has seen, and the solutions of the scan there."""

    def __init__(self, program: Program, points: int) -> None:
        self.program = program
        scan = program.scan("test", "sweep.sampler=sobol", f"sweep.samples={points}", f"sweep.seed={TEST_SEED}")
        with h5py.File(scan, "r") as file:
            job = load_job(str(file.attrs["job"]))
            self.problem = Problem(job)
            swept = job["sweep"]["parameters"]
            good = file["status"][...] == CONVERGED
            self.theta = {name: file[name][...][good] for name, value in swept.items() if isinstance(value, dict)}
            self.x = file[self.problem.symbol][...]
            self.truth = {name: file[name][...][good] for name in self.problem.unknowns}
        self.fixed = {name: value for name, value in swept.items() if not isinstance(value, dict)}
        held = {name: entry.get("default") for name, entry in self.problem.parameters.items()} | self.fixed
        columns = {name: values[:, None] for name, values in self.theta.items()}
        self.scales = self.problem.error_scales(self.x[None, :], {**held, **columns}, self.truth)
        with open(program.folder / "test.csv", "w", newline="", encoding="utf-8") as stream:
            rows = csv.writer(stream)
            rows.writerow(self.theta)
            rows.writerows(np.stack(list(self.theta.values()), axis=1).tolist())

    def errors(self, emulator: pathlib.Path) -> Errors:
        found = emulator.with_name("predicted.h5")
        found.unlink(missing_ok=True)
        places = ",".join(map(repr, self.x.tolist()))
        self.program("predict", emulator, "--csv", "test.csv", "--x", places, "--outside", "warn", "-o", found)
        with h5py.File(found, "r") as file:
            each = [np.abs(file[name][...] - truth) / self.scales[name] for name, truth in self.truth.items()]
        worst = np.sort(np.nan_to_num(np.max(each, axis=(0, 2)), nan=np.inf))
        return Errors(*(float(worst[int(np.ceil(share * (worst.size - 1)))]) for share in (0.5, 0.99, 1.0)))


def sobol(points: int) -> list[str]:
    return ["sweep.sampler=sobol", f"sweep.samples={points}"]


def report(label: str, points: int, errors: Errors) -> None:
    print(f"{label:8} {points:6} points: median {errors.median:.1e}, 99% below {errors.high:.1e}, "
          f"largest {errors.largest:.1e}", flush=True)


class Loop:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        options.folder.mkdir(parents=True, exist_ok=True)
        self.program = Program(options.job, options.set, options.folder)
        self.test = TestSet(self.program, options.test)
        self.fit = ["--regression", options.regression, "--max-error", str(options.max_error)]

    def added(self, points: int) -> int:
        return max(8, round(self.options.growth * points))

    def reached(self, label: str, points: int, files: list[pathlib.Path]) -> bool:
        emulator = self.program.emulate(files, [*self.fit, "--tolerance", str(self.options.tolerance)])
        errors = self.test.errors(emulator)
        report(label, points, errors)
        return errors.high <= self.options.target or points >= self.options.most

    def refined(self) -> None:
        points = self.options.start
        files = [self.program.scan("round_0", *sobol(points))]
        while not self.reached("refined", points, files):
            new = self.program.refine(files, self.added(points), self.fit)
            fixed = ", ".join(f"{name}: {value!r}" for name, value in self.test.fixed.items())
            files.append(self.program.scan(f"round_{len(files)}",
                                           f"sweep={{sampler: list, file: {new}, parameters: {{{fixed}}}}}"))
            points += self.added(points)

    def plain(self) -> None:
        points = self.options.start
        while not self.reached("sobol", points, [self.program.scan("sobol", *sobol(points))]):
            points += self.added(points)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path, help="where all files go")
    parser.add_argument("--target", type=float, required=True,
                        help="error that 99%% of the test points are to be below")
    parser.add_argument("--start", type=int, default=64, help="points of the first round")
    parser.add_argument("--growth", type=float, default=0.5, help="new points of a round, over those that there are")
    parser.add_argument("--most", type=int, default=4096, help="points at which to give up")
    parser.add_argument("--test", type=int, default=1024, help="points that only measure")
    parser.add_argument("--tolerance", type=float, default=1e-7, help="as to gluesweep emulate")
    parser.add_argument("--max-error", type=float, default=1e-6, help="as to gluesweep emulate and refine")
    parser.add_argument("--regression", default="auto", help="likewise")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the job")
    parser.add_argument("--sobol", action="store_true", help="measure the plain Sobol sequence as well")
    loop = Loop(parser.parse_args())
    loop.refined()
    if loop.options.sobol:
        loop.plain()


if __name__ == "__main__":
    main()
