"""Emulators evaluated with numpy from their arrays alone."""
import os
import subprocess

import h5py
import numpy as np
import pytest
from gluesweep_analysis import AnalysisError, open_scan
from gluesweep_analysis.emulator import Regression, open_emulator


@pytest.fixture(scope="module")
def made(make):
    """A scan and its emulator."""
    scan = make("learned", "sweep.samples=200", "output.points=33")
    path = scan.with_name("emulator.h5")
    command = [os.environ["GLUESWEEP_PROGRAM"], "emulate", str(scan), "-o", str(path), "--max-error", "1e-4"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return scan, path


def test_it_gives_what_the_scan_found(made):
    emulator = open_emulator(made[1])
    with open_scan(made[0]) as scan:
        theta = {name: scan[name].values[::7] for name in scan.parameters}
        x = scan["t"].values
        stored = scan["A"].values[::7]
        found = emulator.solution(theta, x)["A"]
        error = np.abs(found / stored - 1).max(axis=1)
        assert np.median(error) < 1e-3 and error.max() < 0.05
        assert 0.2 < np.median(emulator.expected_error(theta)) / np.median(error) < 50
        np.testing.assert_allclose(emulator.scalars(theta)["late"], scan["late"].values[::7], rtol=0.02)
        coefficients = emulator.coefficients(theta, x)["second_c"]
        inside = np.isfinite(coefficients)
        ends_early = theta["k1"] > 0.05  # hands over at 1/k1, well before the end at 100
        assert inside[:, 0].all() and ends_early.any() and not inside[ends_early, -1].any()
        np.testing.assert_allclose(coefficients[inside], scan["second_c"].values[::7][inside], rtol=0.05)


def test_it_knows_where_it_knows(made):
    emulator = open_emulator(made[1])
    theta = {"k1": [0.1, 0.1], "k2": [100.0, 2000.0]}
    assert list(emulator.inside(theta)) == [True, False]
    values = emulator.solution(theta, [1.0, 2.0])["A"]
    assert np.isfinite(values[0]).all() and np.isnan(values[1]).all()
    with pytest.warns(UserWarning, match="1 of 2 points are outside the emulator's domain"):
        assert np.isfinite(emulator.solution(theta, 1.0, outside="warn")["A"]).all()
    with pytest.raises(AnalysisError, match="parameters are k1, k2"):
        emulator.solution({"k1": 0.1}, 1.0)
    with pytest.raises(AnalysisError, match="not an emulator"):
        open_emulator(made[0])


def test_regressions_of_all_kinds(tmp_path):
    generator = np.random.default_rng(4)
    arrays = {"exponents": np.array([[0, 0], [2, 1]]), "coefficients": generator.normal(size=(2, 3)),
              "places": generator.uniform(-1, 1, (5, 2)), "lengths": np.array([0.5, 2.0]),
              "weights": generator.normal(size=(5, 3)), "weight_1": generator.normal(size=(4, 2)),
              "bias_1": generator.normal(size=4), "weight_2": generator.normal(size=(3, 4)),
              "bias_2": generator.normal(size=3)}
    z = np.array([[0.3, -0.8]])
    polynomial = arrays["coefficients"][0] + arrays["coefficients"][1] * (2 * 0.3**2 - 1) * -0.8
    bumps = sum(weight * np.exp(-0.5 * (((z[0] - place) / arrays["lengths"]) ** 2).sum())
                for weight, place in zip(arrays["weights"], arrays["places"]))
    network = arrays["weight_2"] @ np.tanh(arrays["weight_1"] @ z[0] + arrays["bias_1"]) + arrays["bias_2"]
    with h5py.File(tmp_path / "r.h5", "w") as file:
        for name, values in arrays.items():
            file[name] = values
        for kind, expected in (("chebyshev", polynomial), ("gaussian_process", polynomial + bumps),
                               ("perceptron", polynomial + network)):
            file.attrs["kind"] = kind
            np.testing.assert_allclose(Regression(file)(z)[0], expected, rtol=1e-12)
        file.attrs["kind"] = "oracle"
        with pytest.raises(AnalysisError, match="no regression of the kind 'oracle'"):
            Regression(file)(z)
