#!/usr/bin/env python3
"""Grows a scan where its emulator needs points, until the emulator is as good as wanted.

  refine_loop.py JOB FOLDER --target 1e-5 [--start 64] [--growth 0.5] [--most 4096] [--sobol]

Runs the first points of the job's Sobol sequence, then in turn `gluesweep emulate`, `gluesweep refine` and `gluesweep run`
with the list of new points, and measures each emulator on points of another Sobol sequence, which it never sees. With
--sobol the same sizes are measured for the plain sequence as well. GLUESWEEP_PROGRAM names the program (default:
build/release/gluesweep of this repository).
"""
from __future__ import annotations

import argparse
import csv
import os
import pathlib
import subprocess
import sys
import time
from dataclasses import dataclass

import h5py
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from gluesweep_analysis.problem import Problem, load_job  # noqa: E402

TEST_SEED = 1_000_003


@dataclass
class Errors:
    """Of an emulator on the test points: over unknowns and places the largest, over the magnitude."""

    median: float
    high: float  # 99% of the points are below
    largest: float


class Program:
    def __init__(self, folder: pathlib.Path) -> None:
        self.path = os.environ.get("GLUESWEEP_PROGRAM", str(HERE.parent / "build" / "release" / "gluesweep"))
        self.folder = folder

    def __call__(self, *words: object) -> str:
        command = [self.path, *map(str, words)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode not in (0, 3):  # 3: points failed; the others serve
            sys.exit(f"{' '.join(command)}\nended with exit code {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout


class TestSet:
    """Points that no emulator has seen, and the true solutions there."""

    def __init__(self, program: Program, job: pathlib.Path, points: int) -> None:
        self.program = program
        path = program.folder / "test.h5"
        program("run", job, "-o", path, "--overwrite", "--progress", "none", *sobol(points, TEST_SEED),
                "--set", "output.store=[solution]", "--set", "verification.reference_fraction=0")
        with h5py.File(path, "r") as file:
            self.problem = Problem(load_job(str(file.attrs["job"])))
            job_values = load_job(str(file.attrs["job"]))
            swept = job_values["sweep"]["parameters"]
            self.names = [name for name, value in swept.items() if isinstance(value, dict)]
            good = file["status"][...] == file["status"].attrs["flag_values"][1]
            self.theta = {name: file[name][...][good] for name in self.names}
            self.x = file[self.problem.symbol][...]
            self.truth = {name: file[name][...][good] for name in self.problem.unknowns}
        fixed = {name: entry.get("default") for name, entry in self.problem.parameters.items()}
        fixed.update({name: value for name, value in swept.items() if not isinstance(value, dict)})
        parameters = {**fixed, **{name: values[:, None] for name, values in self.theta.items()}}
        self.scales = self.problem.error_scales(self.x[None, :], parameters, self.truth)
        with open(program.folder / "test.csv", "w", newline="", encoding="utf-8") as stream:
            rows = csv.writer(stream)
            rows.writerow(self.names)
            rows.writerows(zip(*([repr(float(value)) for value in self.theta[name]] for name in self.names)))

    def errors(self, emulator: pathlib.Path) -> Errors:
        found = emulator.with_name("predicted.h5")
        found.unlink(missing_ok=True)
        self.program("predict", emulator, "--csv", "test.csv", "--x", ",".join(map(repr, self.x.tolist())), "--outside",
                     "warn", "-o", found)
        with h5py.File(found, "r") as file:
            each = [np.abs(file[name][...] - truth) / self.scales[name] for name, truth in self.truth.items()]
        worst = np.sort(np.nan_to_num(np.max(each, axis=(0, 2)), nan=np.inf))
        return Errors(*(float(worst[int(np.ceil(share * (worst.size - 1)))]) for share in (0.5, 0.99, 1.0)))


def sobol(points: int, seed: int | None = None) -> list[str]:
    words = ["--set", "sweep.sampler=sobol", "--set", f"sweep.samples={points}"]
    return words if seed is None else words + ["--set", f"sweep.seed={seed}"]


def listed(job: pathlib.Path, points: pathlib.Path) -> list[str]:
    """The job with these points, and what it holds fixed."""
    swept = (load_job(job.read_text(encoding="utf-8"))["sweep"].get("parameters")) or {}
    fixed = ", ".join(f"{name}: {value!r}" for name, value in swept.items() if not isinstance(value, dict))
    return ["--set", f"sweep={{sampler: list, file: {points}, parameters: {{{fixed}}}}}"]


def report(label: str, points: int, errors: Errors, started: float) -> None:
    print(f"{label:8} {points:6} points: median {errors.median:.1e}, 99% below {errors.high:.1e}, "
          f"largest {errors.largest:.1e}   ({time.monotonic() - started:.0f} s)", flush=True)


def emulated(program: Program, name: str, files: list[pathlib.Path], options: list[str]) -> pathlib.Path:
    path = program.folder / f"{name}.h5"
    path.unlink(missing_ok=True)
    program("emulate", *files, "-o", path, "--no-module", *options)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--target", type=float, required=True, help="error of the solution that 99%% of the test points are to be below")
    parser.add_argument("--start", type=int, default=64, help="points of the first round")
    parser.add_argument("--growth", type=float, default=0.5, help="new points of a round over those that there are")
    parser.add_argument("--most", type=int, default=4096, help="points at which to give up")
    parser.add_argument("--test", type=int, default=1024, help="points that only measure")
    parser.add_argument("--sobol", action="store_true", help="measure the plain Sobol sequence as well")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the job, but the sampler")
    parser.add_argument("--tolerance", type=float, default=1e-7)
    parser.add_argument("--only-sobol", action="store_true")
    parser.add_argument("--refine-options", default="")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    job = options.job.resolve()
    program = Program(options.folder.resolve())
    sets = [w for s in options.set for w in ("--set", s)]
    started = time.monotonic()
    fit = ["--tolerance", str(options.tolerance)]

    def run(name, *words):
        path = program.folder / f"{name}.h5"
        program("run", job, "-o", path, "--overwrite", "--progress", "none", "--set", "verification.reference_fraction=0", *words)
        return path
    orig = program.__call__
    test = TestSet(Setter(program, sets), job, options.test)
    if not options.only_sobol:
        points = options.start
        files = [run("round_0", *sets, *sobol(points))]
        while True:
            errors = test.errors(emulated(program, "emulator", files, fit))
            report("refined", points, errors, started)
            if errors.high <= options.target or points >= options.most:
                break
            more = max(8, round(options.growth * points))
            lst = program.folder / f"points_{len(files)}.csv"
            lst.unlink(missing_ok=True)
            program("refine", *files, job, *sets, "-o", lst, "--count", more, *options.refine_options.split())
            files.append(run(f"round_{len(files)}", *[w for w in sets if True], *listed(job, lst)))
            points += more
    if options.sobol or options.only_sobol:
        points = options.start
        while True:
            errors = test.errors(emulated(program, "emulator", [run("sobol", *sets, *sobol(points))], fit))
            report("sobol", points, errors, started)
            if errors.high <= options.target or points >= options.most:
                break
            points += max(8, round(options.growth * points))


class Setter:
    def __init__(self, program, sets):
        self.program, self.sets, self.folder = program, sets, program.folder

    def __call__(self, command, *words):
        return self.program(command, *words, *(self.sets if command == "run" else []))


if __name__ == "__main__":
    main()
