"""Small scans, made with the program once for all tests."""
import dataclasses
import os
import pathlib
import subprocess
import sys

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "analysis"))

PROBLEMS = ["boundary_layer", "freeze_out", "friedmann_background", "meszaros_growth", "michaelis_menten",
            "misaligned_scalar", "mixed_order_decay", "robertson", "tensor_modes"]

# Second-order decay that turns into first-order decay, with a third-order unknown's worth of names beside it.
TINY = """\
problem:
  name: tiny_decay
  description: A test.
  variable: {symbol: t, range: [1.0e-4, 1.0e+2], scale: log, unit: s}
  parameters: {k1: {default: 0.1, unit: 1/s}, k2: {default: 100}, lambda: {default: 1}, no: {default: 1}}
  unknowns: {A: {order: 1, unit: mol/L}}
  equations: {A: "-no*k1*A - lambda*k2*A**2"}
  conditions: [{at: start, A: "1"}]
  patches:
    - {name: second, constants: {c: "1"}, solution: {A: "1/(c + lambda*k2*t)"}, until: "1/k1"}
    - {name: first, constants: {d: "0"}, solution: {A: "exp(d - no*k1*t)"}}
  derived: {late: {value: "exp(first_d_limit)", label: late amplitude, unit: mol/L}}
sweep:
  sampler: sobol
  samples: 20
  seed: 3
  parameters: {k1: {range: [1.0e-2, 1.0], scale: log}, k2: {range: [10, 1000], scale: log}}
network: {features: 64, elements: 24}
training: {tolerance: 1.0e-4}
run: {block: 4, device: cpu}
output: {points: 33}
"""


@dataclasses.dataclass
class Maker:
    """Runs the program in a folder of its own."""

    folder: pathlib.Path

    def __call__(self, name: str, *settings: str, job: str | None = None) -> pathlib.Path:
        path = self.folder / f"{name}.h5"
        source = SOURCE / "jobs" / f"{job}.yaml" if job else self.folder / "tiny.yaml"
        command = [os.environ["GLUESWEEP_PROGRAM"], "run", str(source), "-o", str(path), "--max-failed", "1"]
        for setting in settings:
            command += ["--set", setting]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return path


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    folder = tmp_path_factory.mktemp("scans")
    (folder / "tiny.yaml").write_text(TINY)
    return Maker(folder)


@pytest.fixture(scope="session")
def tiny(make: Maker) -> pathlib.Path:
    return make("tiny")
