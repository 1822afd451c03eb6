#!/usr/bin/env python3
"""Peak resident memory of `gluesweep run` on one rank: over the block size, and over the number of points.

  memory.py PROGRAM [--job JOB] [--most-points N]

PROGRAM is the path of gluesweep. Prints Markdown.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

JOBS = pathlib.Path(__file__).resolve().parents[2] / "jobs"
BLOCKS = (32, 64, 128, 256, 512, 1024)
POINTS = (4096, 262144)


def measure(program, job, samples, block):
    """Peak resident MB, processor seconds and MB of the file of one run."""
    with tempfile.TemporaryDirectory(prefix="gluesweep_memory_") as folder:
        file = pathlib.Path(folder) / "scan.h5"
        command = [program, "run", job, "-o", file, "--progress", "none", "--set", f"sweep.samples={samples}",
                   "--set", "verification.reference_fraction=0", "--set", "output.store=[heads]"]
        if block:
            command += ["--set", f"run.block={block}"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        process = subprocess.Popen([str(word) for word in command], env=environment, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))} ended with exit code {process.returncode}")
        return usage.ru_maxrss * 1024 / 1e6, usage.ru_utime + usage.ru_stime, file.stat().st_size / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="path of gluesweep")
    parser.add_argument("--job", default=JOBS / "mixed_order_decay.yaml", help="default: %(default)s")
    parser.add_argument("--most-points", type=int, default=POINTS[-1], help="leave out larger scans (%(default)s)")
    arguments = parser.parse_args()
    if not os.access(arguments.program, os.X_OK):
        parser.error(f"{arguments.program} is no program that can be run; build the target gluesweep first")
    runs = [(1024, block) for block in BLOCKS] + [(points, None) for points in POINTS]
    print(f"`{pathlib.Path(arguments.job).stem}`, one rank\n")
    print("| points | block | peak memory | file | processor time a point, start included |\n|---|---|---|---|---|")
    for samples, block in runs:
        if samples > arguments.most_points:
            continue
        peak, seconds, size = measure(arguments.program, arguments.job, samples, block)
        print(f"| {samples:,} | {block or 'as in the job'} | {peak:.0f} MB | {size:.0f} MB | "
              f"{1e6 * seconds / samples:,.0f} us |", flush=True)


if __name__ == "__main__":
    main()
