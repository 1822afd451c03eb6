"""Runs that are killed at random moments: what is killed when, and what the file must hold afterwards."""
import collections
import dataclasses
import os
import pathlib
import random
import re
import time

from program import JOB, Started, command_line, contents, kill, need, processes, rank_processes, wait_until

h5py = need("h5py")
numpy = need("numpy")

SAMPLES, BLOCK = 800, 4  # 200 blocks and more
SETTINGS = ["--set", f"sweep.samples={SAMPLES}", "--set", f"run.block={BLOCK}",
            "--set", "verification.reference_fraction=0.05", "--progress", "none"]
PATIENCE = 60.0  # seconds until a launcher must have noticed that a rank died; a second or two without other load

MOMENTS = {  # moment: weight
    "starting": 2,  # any time from the start of the launcher on
    "creating": 2,  # while the file has its temporary name
    "running": 6,   # at a random share of the scan
    "writing": 4,   # when a block's numbers are there and its status is not
    "closing": 2,   # when all points are done
}
VICTIMS = {"one": 3, "all": 3, "launcher": 1}  # one rank, everything at once, or mpiexec alone


class CampaignFailure(AssertionError):
    """The file, or the way the run ended, is not what was promised."""


def demand(condition, *words):
    if not condition:
        raise CampaignFailure(" ".join(map(str, words)))


@dataclasses.dataclass
class Kill:
    """One run and its end."""
    ranks: int
    victim: str
    moment: str
    share: float         # of the points, from which on the run is killed
    delay: float         # seconds after that
    before: int = 0      # points done when the run started
    after: int = 0       # points done when it was dead
    hit: bool = False    # False: the run ended by itself first
    ended_in: float = 0  # seconds from the kill to the end of the last process


class Rows:
    """What a file under way holds: plain reads of its bytes, for HDF5 would take microseconds too many."""

    def __init__(self, path):
        with h5py.File(path, "r", locking=False) as file:
            self.samples = len(file["status"])
            self.status_places = self.places(file["status"])
            # The variable that the program writes first of all those it computes comes first in the file.
            self.value_places = self.places(file["A"])
        self.descriptor = os.open(path, os.O_RDONLY)
        self.left_over = self.written() & (self.status() == 0)

    def close(self):
        os.close(self.descriptor)

    @staticmethod
    def places(dataset):
        """Where in the file each row starts."""
        size = dataset.dtype.itemsize * int(numpy.prod(dataset.shape[1:], dtype=int))
        return dataset.id.get_offset() + size * numpy.arange(len(dataset))

    def gather(self, places, width):
        first, last = int(places.min()), int(places.max()) + width
        data = numpy.frombuffer(os.pread(self.descriptor, last - first, first), numpy.uint8)
        return data[(places - first)[:, None] + numpy.arange(width)]

    def status(self):
        return self.gather(self.status_places, 1)[:, 0]

    def written(self):
        return ~numpy.isnan(self.gather(self.value_places, 8).copy().view(numpy.float64)[:, 0])

    def done(self):
        return int((self.status() > 0).sum())

    def in_a_write(self):
        """Whether some row has numbers of this run and no status yet. The order of the two reads matters."""
        written = self.written()
        return bool((written & (self.status() == 0) & ~self.left_over).any())


def snapshot(path):
    """The rows' status and wall times."""
    with h5py.File(path, "r") as file:
        return file["status"][:], file["seconds"][:]


class Campaign:
    """Scans of one job, started, killed and resumed until they are complete, each equal to the uninterrupted one."""

    def __init__(self, folder, seed, say=print):
        self.folder = pathlib.Path(folder)
        self.random = random.Random(seed)
        self.say = say
        self.path = self.folder / "scan.h5"
        (self.folder / "job.yaml").write_text(JOB)
        self.kills, self.scans, self.temporaries = [], 0, 0
        self.make_reference()

    def command(self, path, ranks):
        return command_line("run", "job.yaml", "-o", path.name, "--resume", *SETTINGS, ranks=ranks)

    def make_reference(self):
        path = self.folder / "reference.h5"
        start = time.monotonic()
        finished = Started(self.command(path, 2), self.folder).finish(300)
        self.duration = time.monotonic() - start
        demand(finished.code == 0, "the uninterrupted run failed:", finished)
        self.expected = contents(path)
        with h5py.File(path, "r") as file:
            demand((file["status"][:] > 0).all(), "the uninterrupted run left pending points")
            self.rows = {}
            file.visititems(lambda name, item: self.rows.update({name: item[()]})
                            if isinstance(item, h5py.Dataset) and item.shape[:1] == (SAMPLES,) else None)

    # --- one kill --------------------------------------------------------------------------------------------------

    def plan(self):
        new = not self.path.exists()
        before = 0 if new else int((snapshot(self.path)[0] > 0).sum())
        moments = {name: weight for name, weight in MOMENTS.items() if new or name != "creating"}
        moment = self.random.choices(list(moments), moments.values())[0]
        delay = self.random.uniform(0, {"starting": self.duration, "creating": 0.02, "closing": 0.05}.get(moment, 0.02))
        share = 1.0 if moment == "closing" else self.random.uniform(before / SAMPLES, 1)
        return Kill(self.random.choice([1, 2, 2, 2, 3]), self.random.choices(list(VICTIMS), VICTIMS.values())[0],
                    moment, share, 0.0 if moment == "writing" else delay, before)

    def wait_for(self, moment, process, planned):
        """Returns when it is time to kill, or the run has ended."""
        running = lambda: process.poll() is None
        if moment == "creating":
            wait_until(lambda: not running() or self.path.exists() or self.unfinished_files(), pause=0.0005)
        elif moment != "starting":
            wait_until(lambda: not running() or self.path.exists(), pause=0.001)
            if running():
                rows = Rows(self.path)
                wait_until(lambda: not running() or rows.done() >= planned.share * SAMPLES, 300, pause=0.0005)
                if moment == "writing":
                    wait_until(lambda: rows.in_a_write() or not running(), 300, pause=0)
                rows.close()
        time.sleep(planned.delay)

    def unfinished_files(self):
        return [path for path in self.folder.iterdir() if path.name.startswith("scan.h5.")]

    def victims(self, process, planned):
        """The processes to kill; before the ranks exist only the launcher can be."""
        ranks = rank_processes(process.mark)
        if planned.victim == "one" and ranks:
            return [self.random.choice(sorted(ranks.values()))]
        if planned.victim == "launcher":
            return [process.pid]
        return [process.pid, *ranks.values()]

    def strike(self):
        """One run that is killed, and all that must hold afterwards."""
        planned = self.plan()
        existed = self.path.exists()
        old = snapshot(self.path) if existed else None
        process = Started(self.command(self.path, planned.ranks), self.folder)
        try:
            # Looking for the ranks takes milliseconds, too long once it is time.
            if planned.moment != "starting":
                wait_until(lambda: process.poll() is not None
                           or len(rank_processes(process.mark)) == planned.ranks)
                victims = self.victims(process, planned)
            self.wait_for(planned.moment, process, planned)
            if planned.moment == "starting":
                victims = self.victims(process, planned)
            planned.hit = process.poll() is None
            kill(victims)
            self.see_the_end(process, planned)
        finally:
            kill(processes(process.mark))
        self.examine(existed, old, planned)
        if planned.hit:
            self.kills.append(planned)
            self.say(self.line(planned))
        return planned

    def see_the_end(self, process, planned):
        """Everything ends soon, and the message names the rank that was killed."""
        start = time.monotonic()
        finished = process.finish(PATIENCE)
        gone = wait_until(lambda: not processes(process.mark), PATIENCE - (time.monotonic() - start))
        planned.ended_in = time.monotonic() - start
        demand(gone and finished.code is not None and "killed by the test" not in finished.err,
               f"processes were left {PATIENCE:.0f} s after {planned}:", finished)
        if not planned.hit:
            demand(finished.code == 0, "the run failed before it was killed:", finished)
        elif planned.victim == "one" and self.points_pending():
            # With all points done the rank may have ended before its launcher did.
            demand(finished.code not in (0, 75), "a killed rank went unnoticed:", finished)
            # Before the file is there it may not have joined the others yet.
            demand(planned.moment == "starting" or
                   re.search(r"process rank \d+ .*signal 9", finished.out + finished.err),
                   "no rank is named:", finished)

    def points_pending(self):
        return not self.path.exists() or bool((snapshot(self.path)[0] == 0).any())

    # --- what the file holds ---------------------------------------------------------------------------------------

    def examine(self, existed, old, planned):
        if not self.path.exists():
            demand(not existed, "the file disappeared")
            demand(planned.hit, "the run ended without a file")
            return
        status, seconds = snapshot(self.path)
        planned.after = int((status > 0).sum())
        done = status > 0
        with h5py.File(self.path, "r") as file:
            for name, expected in self.rows.items():
                found = file[name][()]
                if name == "seconds":
                    demand((found[done] > 0).all(), "a finished row has no wall time")
                    continue
                same = [a.tobytes() == b.tobytes() for a, b in zip(found[done], expected[done])]
                demand(all(same), f"{name}: finished rows {numpy.flatnonzero(done)[~numpy.array(same)]} are wrong")
        if old:
            kept = old[0] > 0
            demand((status[kept] == old[0][kept]).all(), "rows that were done have another status")
            demand(seconds[kept].tobytes() == old[1][kept].tobytes(), "rows that were done were done again")
        left = contents(self.path)
        fixed = [name for name in self.expected if name not in self.rows]
        demand([name for name in fixed if left.get(name) != self.expected[name]] == [], "shared arrays differ")

    def complete(self):
        """An uninterrupted resume, on any number of ranks: the file is then that of an uninterrupted run."""
        ranks = self.random.choice([1, 2, 3])
        old = snapshot(self.path) if self.path.exists() else None
        finished = Started(self.command(self.path, ranks), self.folder).finish(300)
        demand(finished.code == 0, f"the resume on {ranks} ranks failed:", finished)
        whole = Kill(ranks, "none", "none", 1, 0)
        self.examine(old is not None, old, whole)
        demand(whole.after == SAMPLES, f"{SAMPLES - whole.after} points are pending after a complete run")
        found = contents(self.path)
        demand(found.keys() == self.expected.keys(), "the variables differ")
        different = [name for name in found if found[name] != self.expected[name]]
        demand(not different, "differs from the uninterrupted run:", different)
        self.scans += 1
        self.clear()

    def clear(self):
        self.path.unlink()
        for path in self.unfinished_files():
            self.temporaries += 1
            path.unlink()

    def run(self, count):
        """So many kills; after each the scan is either completed or killed again."""
        while len(self.kills) < count:
            planned = self.strike()
            if not planned.hit or len(self.kills) == count or self.random.random() < 0.3:
                self.complete()

    # --- the report ------------------------------------------------------------------------------------------------

    def line(self, one):
        return (f"{len(self.kills):4d}  {one.ranks} rank{'s' if one.ranks > 1 else ' '}  {one.victim:8s}  "
                f"{one.moment:8s}  {one.before / SAMPLES:6.1%} -> {one.after / SAMPLES:6.1%}  "
                f"over after {one.ended_in:4.1f} s")

    def table(self):
        """When the kills hit: share of the scan done against what was killed."""
        bins = ["0%", "below 25%", "below 50%", "below 75%", "below 100%", "100%"]

        def bin_of(one):
            share = one.after / SAMPLES
            return bins[0] if share == 0 else bins[-1] if share == 1 else bins[1 + int(4 * share)]
        counts = collections.Counter((bin_of(one), one.victim) for one in self.kills)
        moments = collections.Counter(one.moment for one in self.kills)
        lines = [f"{'points done':12s}" + "".join(f"{victim:>10s}" for victim in VICTIMS)]
        lines += [f"{name:12s}" + "".join(f"{counts[name, victim]:10d}" for victim in VICTIMS) for name in bins]
        lines.append(", ".join(f"{moments[name]} {name}" for name in MOMENTS))
        slowest = max((one.ended_in for one in self.kills), default=0)
        lines.append(f"{len(self.kills)} kills, {self.scans} scans completed, all equal to the uninterrupted one; "
                     f"a killed run was over after {slowest:.1f} s at most; "
                     f"{self.temporaries} temporary files were left behind")
        return "\n".join(lines)
