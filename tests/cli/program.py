"""What the end-to-end tests share: starting the program, alone or on ranks, and a small job."""
import importlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

APT = {"h5py": "python3-h5py", "numpy": "python3-numpy", "xarray": "python3-xarray", "yaml": "python3-yaml",
       "h5netcdf": "python3-h5netcdf", "matplotlib": "python3-matplotlib", "scipy": "python3-scipy"}


def need(name):
    """A module, or the end of the test with the package to install."""
    try:
        return importlib.import_module(name)
    except ImportError:
        sys.exit(f"{sys.executable} has no module {name}: apt-get install {APT[name]} "
                 "(and run the tests with /usr/bin/python3, or set GLUESWEEP_PYTHON)")


def setting(name):
    value = os.environ.get(name)
    if not value:
        sys.exit(f"{name} is not set: run this test through ctest, e.g. ctest --test-dir build/release -R cli")
    return value


PROGRAM = setting("GLUESWEEP_PROGRAM")
MPIEXEC = setting("GLUESWEEP_MPIEXEC")
SOURCE = pathlib.Path(setting("GLUESWEEP_SOURCE_DIR"))

# Second-order decay that turns into first-order decay; small enough for a fraction of a second.
JOB = """\
problem:
  name: tiny_decay
  variable: {symbol: t, range: [1.0e-4, 1.0e+2], scale: log, unit: s}
  parameters: {k1: {default: 0.1, unit: 1/s}, k2: {default: 100}}
  unknowns: {A: {order: 1, unit: mol/L}}
  equations: {A: "-k1*A - k2*A**2"}
  conditions: [{at: start, A: "1"}]
  patches:
    - {name: second, constants: {c: "1"}, solution: {A: "1/(c + k2*t)"}, until: "1/k1"}
    - {name: first, constants: {d: "0"}, solution: {A: "exp(d - k1*t)"}}
  derived: {late: "exp(first_d_limit)"}
sweep:
  sampler: sobol
  samples: 20
  seed: 3
  parameters: {k1: {range: [1.0e-2, 1.0], scale: log}, k2: {range: [10, 1000], scale: log}}
network: {features: 48, elements: 20}
training: {tolerance: 1.0e-4}
run: {block: 4, device: cpu}
output: {points: 16}
"""


def points_done(path):
    """Points that a sweep file holds at this moment, without disturbing the run that writes it; 0 without a file."""
    h5py = need("h5py")
    try:
        with h5py.File(path, "r", locking=False) as file:
            return int((file["status"][:] > 0).sum())
    except OSError:
        return 0


class Finished:
    """Exit code and what was printed."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __str__(self):
        return f"exit code {self.code}\n--- output\n{self.out}\n--- errors\n{self.err}"


VARYING = {"seconds"}  # wall time: the only numbers that two runs of a job do not share


def contents(path):
    """{name: raw bytes} of all variables but the wall times."""
    h5py = need("h5py")
    found = {}
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, item: found.update({name: item[()].tobytes()})
                        if isinstance(item, h5py.Dataset) and name not in VARYING else None)
    return found


def wait_until(condition, seconds=60.0, pause=0.005):
    """Whether the condition came true in time. Callers that need it assert."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(pause)
    return bool(condition())


MARK = "GLUESWEEP_TEST_MARK"  # environment variable by which everything that a test started is found again


def marked_environment(mark, **extra):
    return {**os.environ, **extra, MARK: mark}


def environment_of(pid):
    """The environment a process was started with; empty once it has ended."""
    try:
        entries = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    return dict(entry.decode(errors="replace").split("=", 1) for entry in entries if b"=" in entry)


def processes(mark):
    """{pid: environment} of what was started with this mark, launchers and ranks."""
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())
    environments = ((pid, environment_of(pid)) for pid in pids)
    return {pid: environment for pid, environment in environments if environment.get(MARK) == mark}


def rank_processes(mark):
    """{rank: pid} of the program's processes, which a launcher gave their ranks (Open MPI, MPICH, Slurm)."""
    found = {}
    for pid, environment in processes(mark).items():
        try:
            if not os.path.samefile(f"/proc/{pid}/exe", PROGRAM):
                continue
        except OSError:
            continue
        rank = next((environment[name] for name in ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK")
                     if name in environment), 0)
        found[int(rank)] = pid
    return found


def kill(pids, number=signal.SIGKILL):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass  # it ended by itself


class Started(subprocess.Popen):
    """The program, or a launcher of its ranks, under way."""

    def __init__(self, command, folder, **extra):
        self.mark = uuid.uuid4().hex
        super().__init__(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         env=marked_environment(self.mark, **extra))

    def finish(self, seconds=120):
        """Waits for the end; after that time everything is killed, and the exit code is that of a kill."""
        try:
            out, err = self.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            kill(processes(self.mark))
            out, err = self.communicate()
            err += f"\n(killed by the test after {seconds} s)"
        return Finished(self.returncode, out, err)


def command_line(*arguments, ranks=None):
    return [*([MPIEXEC, "-n", str(ranks)] if ranks else []), PROGRAM, *map(str, arguments)]


class ProgramTest(unittest.TestCase):
    """Each test works in a folder of its own that holds job.yaml."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gluesweep_")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "job.yaml").write_text(JOB)

    def start(self, *arguments, ranks=None, **environment):
        process = Started(command_line(*arguments, ranks=ranks), self.folder, **environment)
        self.addCleanup(lambda: kill(processes(process.mark)))
        return process

    def start_and_see(self, path, *arguments, done=1, ranks=None, **environment):
        """Starts a run and returns once so many of its points are in the file."""
        process = self.start("run", *arguments, "-o", path, ranks=ranks, **environment)
        reached = wait_until(lambda: process.poll() is not None or points_done(self.folder / path) >= done,
                             120)
        self.assertTrue(reached and process.poll() is None, "the run ended, or nothing was done in time")
        return process

    def call(self, *arguments, ranks=None, code=0, **environment):
        finished = self.start(*arguments, ranks=ranks, **environment).finish(300)
        self.assertEqual(finished.code, code, str(finished))
        return finished

    def equal(self, path, expected):
        """All numbers but the wall times are those of `expected` (see contents), bit by bit."""
        found = contents(self.folder / path)
        self.assertEqual(found.keys(), expected.keys())
        self.assertEqual([name for name in expected if found[name] != expected[name]], [], f"{path} differs")

    def resume_command(self, text):
        """The command that a message tells to go on with."""
        found = re.findall(r"(?m)^ +(\S.* run .*--resume.*)$", text)
        self.assertEqual(len(found), 1, text)
        return found[0]

    def paste(self, command, seconds=120):
        """What a user does with a command from a message: into a shell where the program is installed."""
        with tempfile.TemporaryDirectory() as installed:
            os.symlink(PROGRAM, f"{installed}/gluesweep")
            path = f"{installed}:{os.environ['PATH']}"
            return Started(["bash", "-c", command], self.folder, PATH=path).finish(seconds)

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())
