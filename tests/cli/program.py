"""What the end-to-end tests share: starting the program, alone or on ranks, and a small job."""
import importlib
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

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


class Finished:
    """Exit code and what was printed."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __str__(self):
        return f"exit code {self.code}\n--- output\n{self.out}\n--- errors\n{self.err}"


class ProgramTest(unittest.TestCase):
    """Each test works in a folder of its own that holds job.yaml."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gluesweep_")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "job.yaml").write_text(JOB)

    def start(self, *arguments, ranks=None):
        command = [PROGRAM, *map(str, arguments)]
        if ranks:
            command = [MPIEXEC, "-n", str(ranks), *command]
        return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def call(self, *arguments, ranks=None, code=0):
        process = self.start(*arguments, ranks=ranks)
        out, err = process.communicate(timeout=300)
        finished = Finished(process.returncode, out, err)
        self.assertEqual(finished.code, code, str(finished))
        return finished

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())
