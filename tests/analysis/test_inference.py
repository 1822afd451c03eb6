"""The example that infers rate constants: the emulator's posterior is that of the equation."""
import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import SOURCE
from gluesweep_analysis.emulator import open_emulator


@pytest.fixture(scope="module")
def inference():
    spec = importlib.util.spec_from_file_location("inference", SOURCE / "analysis" / "examples" / "inference.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def emulator(make):
    narrow = "{kf: {range: [70, 200], scale: log}, kcat: {range: [2.5, 5], scale: log}}"
    scan = make("michaelis", f"sweep={{sampler: sobol, samples: 160, seed: 7, parameters: {narrow}}}",
                "verification.reference_fraction=0", job="michaelis_menten")
    path = scan.with_name("michaelis_emulator.h5")
    command = [os.environ["GLUESWEEP_PROGRAM"], "emulate", str(scan), "-o", str(path), "--no-module", "--regression",
               "chebyshev"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return open_emulator(path)


def test_the_posterior_is_that_of_the_equation(inference, emulator, tmp_path):
    data, posteriors = inference.infer(emulator, walkers=12, steps=24)
    ours, true = posteriors["emulator"], posteriors["solver"]
    assert (np.abs(ours.mean - true.mean) < 0.05 * true.deviation).all()
    np.testing.assert_allclose(ours.deviation, true.deviation, rtol=0.05)
    assert abs(ours.correlation - true.correlation) < 0.1
    assert (true.deviation > 1e-3).all() and (np.abs(true.mean - inference.TRUTH) < 4 * true.deviation).all()
    assert "means differ by" in inference.text(posteriors)
    inference.draw(tmp_path / "inference.png", data, posteriors, emulator)
    assert (tmp_path / "inference.png").stat().st_size > 10000


def test_other_data_give_another_posterior(inference, emulator):
    curves = inference.emulated(emulator)
    low, high = np.log(emulator.low), np.log(emulator.high)
    theta = inference.TRUTH + np.array([[0.0, 0.0], [0.3, 0.0], [0.0, 0.2], [2.0, 0.0]])
    values = inference.log_posterior(curves, inference.solved(inference.TRUTH[None])[0], low, high, theta)
    assert values[0] > -1e-3 and (values[1:] < -5).all() and values[3] == -np.inf


def test_chains_sample_what_they_are_given(inference):
    """A Gaussian in the place of the curves."""
    width = np.array([0.02, 0.05])

    def curves(theta):
        scatter = np.array(list(inference.SCATTER.values()))
        return ((theta - inference.TRUTH) / width * scatter)[:, :, None]

    found = inference.sample(curves, np.zeros((2, 1)), inference.TRUTH - 1, inference.TRUTH + 1, 40, 600)
    np.testing.assert_allclose(found.mean, inference.TRUTH, atol=0.1 * width.min())
    np.testing.assert_allclose(found.deviation, width, rtol=0.06)
    assert abs(found.correlation) < 0.06
