#!/usr/bin/env python3
"""How `gluesweep run` scales: strong scaling on this machine, what the block counter and the file take on up to 64
ranks, and a model of points a second beyond.

  scaling.py [--build FOLDER] [--markdown] [--quick] [--directory FOLDER]

Needs the targets gluesweep and benchmark_scaling in FOLDER (build/release). Takes some five minutes on two
idle cores. Files of up to some 2 GB are written to and removed from --directory.
"""
import argparse
import dataclasses
import json
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCK = 128
RANKS = (16, 64, 256, 1000, 4000, 10_000)  # of the model
GPU_POINT, GPU_BLOCK = 10e-6, 4096         # assumed
MESSAGES = {"OMPI_MCA_osc": "pt2pt", "OMPI_MCA_btl": "tcp,self"}  # Open MPI's way to do without shared memory


# --- tables ---

class Table:
    def __init__(self, *head):
        self.rows = [head]

    def add(self, *cells):
        self.rows.append(cells)

    def text(self, markdown):
        rows = [[str(cell) for cell in row] for row in self.rows]
        if markdown:
            lines = ["| " + " | ".join(row) + " |" for row in rows]
            return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows)


def digits(value, count=3):
    """'12.3', '4,560', '0.0012': so many digits, or all before the point."""
    if value == 0:
        return "0"
    places = max(0, count - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{places}f}"


def percent(share):
    return f"{100 * share:.1f}%"


def span(values, form=digits):
    return f"{form(statistics.median(values))} ({form(min(values))}-{form(max(values))})"


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


# --- running ---

class Machine:
    """Starts the programs on ranks of this machine."""

    def __init__(self, build, folder, mpiexec):
        self.program = build / "gluesweep"
        self.benchmark = build / "tests" / "benchmark" / "benchmark_scaling"
        self.folder, self.mpiexec = folder, mpiexec
        for program in (self.program, self.benchmark):
            if not os.access(program, os.X_OK):
                sys.exit(f"there is no program {program}: build the targets gluesweep and benchmark_scaling first, "
                         "or name another build folder with --build")

    def start(self, ranks, command, settings=None):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
                       "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                       "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
                       "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe", **(settings or {})}
        if ranks > len(os.sched_getaffinity(0)):
            environment["OMPI_MCA_mpi_yield_when_idle"] = "1"
        words = [str(word) for word in (self.mpiexec, "-n", ranks, *command)]
        return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)

    def finish(self, process):
        output = process.communicate()[0]
        if process.returncode != 0:
            sys.exit(f"{' '.join(process.args)} ended with exit code {process.returncode}:\n{output}")
        return output

    def measure(self, ranks, *words, job="mixed_order_decay", settings=None):
        """The measurements of one run of benchmark_scaling, by name."""
        say(f"{ranks} ranks: {' '.join(map(str, words))}")
        command = [self.benchmark, *words, "--job", ROOT / "jobs" / f"{job}.yaml", "--directory", self.folder]
        lines = self.finish(self.start(ranks, command, settings)).splitlines()
        results = [json.loads(line) for line in lines if line.startswith("{")]
        return {result["measurement"]: result for result in results}

    def scan(self, job, points, ranks, part=None):
        """A run of the program on its way."""
        file = self.folder / f"{job}.{ranks}.{part or ''}.h5".replace("/", "-")
        command = [self.program, "run", ROOT / "jobs" / f"{job}.yaml", "-o", file, "--overwrite", "--progress", "none",
                   "--set", f"sweep.samples={points}", "--set", "verification.reference_fraction=0"]
        if part:
            command += ["--part", part]
        return self.start(ranks, command)

    def summary(self, process, points):
        """Points a second and the shares of the time, from what a run printed at its end."""
        output = self.finish(process)
        found = re.search(r"time +(.*?) on [\d,]+ ranks?, ([\d,.]+) points/s; (.*)", output)
        if not found:
            sys.exit(f"{' '.join(process.args)} printed no times:\n{output}")
        rate = float(found[2].replace(",", ""))
        shares = {name: float(value) / 100 for value, name in re.findall(r"([\d.]+)% (training|writing|waiting|idle)",
                                                                        found[3])}
        return {"rate": rate, "wall": points / rate, **shares}


# --- strong scaling of the program ---

def strong_scaling(machine, jobs, points, repetitions):
    """One rank, two ranks and two runs side by side take turns."""
    results = {}
    for job in jobs:
        turns = results[job] = []
        for turn in range(repetitions):
            say(f"{job}, {points} points: turn {turn + 1} of {repetitions}")
            one = machine.summary(machine.scan(job, points, 1), points)
            two = machine.summary(machine.scan(job, points, 2), points)
            halves = [machine.scan(job, points, 1, part) for part in ("1/2", "2/2")]
            apart = sum(machine.summary(half, points // 2)["rate"] for half in halves)
            turns.append({"one": one, "two": two, "apart": apart / one["rate"]})
        for file in machine.folder.glob(f"{job}.*"):
            file.unlink()
    return results


def strong_table(results):
    table = Table("job", "1 rank, points/s", "2 ranks, points/s", "2 ranks over 1", "two runs at once over 1",
                  "writing", "waiting for blocks", "idle at the end")
    for job, turns in results.items():
        def of(ranks, name):
            return [turn[ranks][name] for turn in turns]
        table.add(f"`{job}`", span(of("one", "rate")), span(of("two", "rate")),
                  "**" + digits(statistics.median(ratios := [t["two"]["rate"] / t["one"]["rate"] for t in turns])) +
                  f"** ({digits(min(ratios))}-{digits(max(ratios))})", span([t["apart"] for t in turns]),
                  *(percent(statistics.median(of("two", name))) for name in ("writing", "waiting", "idle")))
    return table


# --- counter, file, waiting sweeps ---

def shared_memory(machine, counts, points, blocks, seconds):
    return [machine.measure(ranks, "counter-asks", "file", "sweep", "--points", points, "--blocks", blocks,
                            "--seconds", seconds) for ranks in counts]


def over_messages(machine, counts):
    return [machine.measure(ranks, "counter-waits", "counter-computes", "counter-attends", settings=MESSAGES)
            for ranks in counts]


def counter_table(runs):
    table = Table("ranks", "hand-outs/s, all ranks together", "us each", "mean wait, us", "longest wait, ms")
    for run in runs:
        counter = run["counter-asks"]
        each = counter["seconds_a_hand_out"]
        table.add(int(counter["ranks"]), digits(1 / each), digits(1e6 * each), digits(1e6 * counter["mean_wait"]),
                  digits(1e3 * counter["worst_wait"]))
    return table


def message_table(runs):
    table = Table("ranks", "rank 0", "hand-outs/s, all ranks together", "us each", "mean wait, ms", "longest wait, ms")
    meanings = {"counter-waits": "waits in MPI", "counter-computes": "computes",
                "counter-attends": "computes, with `parallel::Attention`"}
    for run in runs:
        for name, meaning in meanings.items():
            each = run[name]["seconds_a_hand_out"]
            table.add(int(run[name]["ranks"]), meaning, digits(1 / each), digits(1e6 * each),
                      digits(1e3 * run[name]["mean_wait"]), digits(1e3 * run[name]["worst_wait"]))
    return table


def written(file):
    """Bytes that the blocks of a file benchmark wrote."""
    return file["bytes"] * file["blocks"] / (file["blocks"] + 1)


def file_table(runs):
    table = Table("ranks", "rank 0 alone, ms", "creation in all, ms", "blocks, MB/s", "a block, ms",
                  "writes a block", "reads a block", "closing, ms", "opening, ms", "reads to open")
    for run in runs:
        file = run["file"]
        table.add(int(file["ranks"]), digits(1e3 * file["create_alone"]), digits(1e3 * file["create"]),
                  digits(written(file) / file["write"] / 1e6), digits(1e3 * file["write_a_block"]),
                  digits(file["write_calls_a_block"]), digits(file["read_calls_a_block"], 2),
                  digits(1e3 * file["close"]), digits(1e3 * file["open"]), digits(file["read_calls_to_open_most"]))
    return table


def sweep_table(runs):
    table = Table("ranks", "blocks a rank", "wall time, s", "creation", "writing", "waiting for blocks",
                  "idle at the end", "the blocks themselves")
    for run in runs:
        sweep = run["sweep"]
        shares = [sweep[name] / sweep["wall"] for name in ("create", "writing", "waiting", "tail", "busy")]
        blocks = f"{sweep['blocks']:.0f} ({sweep['blocks_least']:.0f}-{sweep['blocks_most']:.0f})"
        table.add(int(sweep["ranks"]), blocks, digits(sweep["wall"]), *map(percent, shares))
    return table


def serial_work(machine, points):
    """What rank 0 does alone, for a file of few bytes a point: by block size."""
    return {block: machine.measure(1, "file", "--points", points, "--set", "output.store=[]", "--set",
                                   f"run.block={block}")["file"] for block in (BLOCK, 1024)}


def serial_table(serial):
    table = Table("run.block", "bytes a point", "creation by rank 0", "parameters and fill by all",
                  "statuses, resuming", "summary")
    for block, file in serial.items():
        each = [1e6 * value / file["points"] for value in (file["create_alone"], file["create"] - file["create_alone"],
                                                          file["plan_resumed"], file["summarize"])]
        table.add(block, digits(file["bytes"] / file["points"]), *(digits(value, 2) + " us" for value in each))
    return table


# --- the model ---

@dataclasses.dataclass
class Costs:
    """What was measured, in seconds."""
    hand_out: float      # of the counter, one after the other, on one node
    message: float       # the same, where rank 0 has to answer messages beside its work
    write_a_byte: float  # by the rank itself
    alone: float         # of rank 0, a point: creation, and the summary at the end
    shared: float        # of all ranks together, a point: its parameters


@dataclasses.dataclass
class Scan:
    points: float
    point: float          # seconds of a rank
    block: int
    bytes: float          # a point
    bandwidth: float      # of the file system, bytes a second
    parts: int            # files, with a counter and a rank 0 each, on ranks of their own
    node: int             # ranks that share memory


def blocks_a_second(ranks, think, demands):
    """Ranks that compute for `think` seconds, then queue for each of some resources that serve one at a time for
    `demands` seconds: mean value analysis (Reiser & Lavenberg, J. ACM 27, 313 (1980)), exact for random times."""
    queues = [0.0] * len(demands)
    rate = 0.0
    for customers in range(1, ranks + 1):
        stays = [demand * (1 + queue) for demand, queue in zip(demands, queues)]
        rate = customers / (think + sum(stays))
        queues = [rate * stay for stay in stays]
    return rate


def points_a_second(costs, scan, ranks):
    """Of a whole scan: creation, blocks, the last block of each rank, summary."""
    block_bytes = scan.block * scan.bytes
    writing = costs.write_a_byte * block_bytes
    file = scan.parts * block_bytes / scan.bandwidth  # the parts share the bandwidth
    own_ranks = max(1, ranks // scan.parts)
    hand_out = costs.hand_out if own_ranks <= scan.node else costs.message
    blocks = scan.parts * blocks_a_second(own_ranks, scan.block * scan.point + writing, (hand_out, file))
    before = scan.points * (costs.alone / scan.parts + costs.shared / ranks + scan.bytes / scan.bandwidth)
    return scan.points / (before + scan.points / (scan.block * blocks) + scan.block * scan.point / 2)


def culprit(costs, scan, ranks):
    """What the scan would gain most from if it cost nothing."""
    changes = {"rank 0": (dataclasses.replace(costs, alone=0), scan),
               "counter": (dataclasses.replace(costs, hand_out=0, message=0), scan),
               "file system": (costs, dataclasses.replace(scan, bandwidth=math.inf)),
               "ranks' writing": (dataclasses.replace(costs, write_a_byte=0, shared=0), scan)}
    return max(changes, key=lambda name: points_a_second(*changes[name], ranks))


def costs_of(runs, messages, small):
    """The counter's rate with shared memory is the worst of all numbers of ranks, over messages that of the most ranks;
    a block's writing is that of one rank."""
    file = runs[0]["file"]
    return Costs(hand_out=max(run["counter-asks"]["seconds_a_hand_out"] for run in runs),
                 message=messages[-1]["counter-attends"]["seconds_a_hand_out"],
                 write_a_byte=file["write_a_block"] * file["blocks"] / written(file),
                 alone=(small["create_alone"] + small["summarize"]) / small["points"],
                 shared=(small["create"] - small["create_alone"]) / small["points"])


def constants_table(costs, gpu_costs, point, full, lean):
    table = Table("constant", "value", "from")
    table.add("a point on a core", f"{1e6 * point:.0f} us", "`mixed_order_decay`, 1 rank")
    table.add("a point on a GPU", f"{1e6 * GPU_POINT:.0f} us", "**assumed**")
    table.add("a hand-out", f"{digits(1e6 * costs.hand_out)} us", "the slowest with shared memory")
    table.add("the same between nodes", f"{digits(1e6 * costs.message)} us", "messages, with `Attention`, most ranks")
    table.add("writing, by the rank", f"{digits(1e-9 / costs.write_a_byte)} GB/s", "the file, 1 rank")
    table.add("rank 0 alone", f"{digits(1e6 * costs.alone, 2)} us a point; {digits(1e6 * gpu_costs.alone, 2)} us in "
              "large blocks", "creation and summary")
    table.add("parameters", f"{digits(1e6 * costs.shared, 2)} us a point, shared by the ranks", "creation")
    table.add("bytes a point", f"{full:,.0f}, or {lean:,.0f} with `output.store: []`", "size of the file")
    table.add("file system", "10 GB/s, or 100 GB/s", "**assumed**")
    return table


def model_table(costs, point, block, node, full, lean):
    """Each cell: points a second, share of the ranks' time that trains, what costs most of the rest."""
    table = Table("ranks", "all variables, one file", f"all, a file for each {node} ranks", "`store: []`, one file",
                  f"`store: []`, a file for each {node} ranks", "the same, 100 GB/s")
    for ranks in RANKS:
        parts = math.ceil(ranks / node)
        cells = []
        for size, count, bandwidth in ((full, 1, 1e10), (full, parts, 1e10), (lean, 1, 1e10), (lean, parts, 1e10),
                                       (lean, parts, 1e11)):
            scan = Scan(1e9, point, block, size, bandwidth, count, node)
            rate = points_a_second(costs, scan, ranks)
            cells.append(f"{digits(rate)} ({percent(rate * point / ranks)}, {culprit(costs, scan, ranks)})")
        table.add(f"{ranks:,}", *cells)
    return table


def limits_text(alone, gpu_alone, point):
    """Where rank 0's own work is 5% of a scan, whatever the number of points."""
    cores, gpus = 0.05 * point / alone, 0.05 * GPU_POINT / gpu_alone
    return (f"Rank 0's own work adds 5% to the time of a scan on {digits(cores, 2)} cores or {digits(gpus, 2)} GPUs, "
            f"and doubles it on {digits(20 * cores, 2)} or {digits(20 * gpus, 2)}.")


# --- the whole ---

def measure_and_print(machine, arguments):
    quick = arguments.quick
    counts = (1, 2, 4) if quick else (1, 2, 4, 8, 16, 32, 64)
    points = 16 * BLOCK if quick else 200 * BLOCK
    seconds = 0.05 if quick else 0.2

    def show(title, table):
        print(f"\n### {title}\n\n{table if isinstance(table, str) else table.text(arguments.markdown)}", flush=True)

    say("takes some five minutes on idle cores" if not quick else "a quick look: the numbers mean little")
    strong = strong_scaling(machine, ("mixed_order_decay", "freeze_out"), points, 1 if quick else 3)
    runs = shared_memory(machine, counts, points, 4 if quick else 25, seconds)
    messages = over_messages(machine, (2,) if quick else (2, 8, 32))
    serial = serial_work(machine, 64 * 1024 if quick else 256 * 1024)
    costs, gpu_costs = (costs_of(runs, messages, serial[block]) for block in (BLOCK, 1024))
    file = runs[0]["file"]
    point = 1 / statistics.median(turn["one"]["rate"] for turn in strong["mixed_order_decay"])
    full, lean = file["bytes"] / file["points"], serial[BLOCK]["bytes"] / serial[BLOCK]["points"]

    print(f"{time.strftime('%F')}, {len(os.sched_getaffinity(0))} cores; {points:,} points are "
          f"{points // BLOCK} blocks of {BLOCK}.")
    show("One rank and two", strong_table(strong))
    show("Counter, shared memory", counter_table(runs))
    show("Counter, messages", message_table(messages))
    show("File", file_table(runs))
    show("Rank 0's work", serial_table(serial))
    show("Sweeps whose blocks wait", sweep_table(runs))
    show("Model: constants", constants_table(costs, gpu_costs, point, full, lean))
    show(f"Model: CPU cores, {BLOCK} points a block, file system of 10 GB/s",
         model_table(costs, point, BLOCK, 64, full, lean))
    show(f"Model: GPUs, {GPU_BLOCK:,} points a block, file system of 10 GB/s",
         model_table(gpu_costs, GPU_POINT, GPU_BLOCK, 8, full, lean))
    show("Model: limits", limits_text(costs.alone, gpu_costs.alone, point))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release", help="default: %(default)s")
    parser.add_argument("--markdown", action="store_true", help="tables as docs/SCALING.md holds them")
    parser.add_argument("--quick", action="store_true", help="few ranks and repetitions, to see whether it works")
    parser.add_argument("--directory", type=pathlib.Path, help="where the files go (default: the temporary directory)")
    parser.add_argument("--mpiexec", default=shutil.which("mpiexec", path="/usr/bin") or shutil.which("mpiexec"),
                        help="default: %(default)s")
    arguments = parser.parse_args()
    if not arguments.mpiexec:
        parser.error("there is no mpiexec on PATH: name one with --mpiexec")
    with tempfile.TemporaryDirectory(prefix="gluesweep_scaling_", dir=arguments.directory) as folder:
        measure_and_print(Machine(arguments.build.resolve(), pathlib.Path(folder), arguments.mpiexec), arguments)


if __name__ == "__main__":
    main()
