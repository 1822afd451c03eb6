"""Training sets for other emulators."""
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from conftest import SOURCE
from gluesweep_analysis import AnalysisError, open_scan
from gluesweep_analysis.export import export, held_out

STORE = "output.store=[solution, sensitivities]"


@pytest.fixture(scope="module")
def file(make):
    return make("export", "sweep.samples=60", STORE)


def loaded(path: pathlib.Path) -> dict[str, np.ndarray]:
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


def rows_of(scan, part):
    """Positions of a part's points, worked out here."""
    test = ((scan.sample + 1) * 0.6180339887498949) % 1.0 < 0.1
    return np.flatnonzero(test if part == "test" else ~test)


def test_the_split_is_by_sample_and_even():
    samples = np.arange(10_000)
    assert np.array_equal(held_out(samples, 0.1)[500:600], held_out(samples[500:600], 0.1))
    assert all(70 <= held_out(samples[first:first + 1000], 0.1).sum() <= 130 for first in range(0, 10_000, 1000))


def test_cosmopower(file, tmp_path):
    with open_scan(file) as scan:
        export(scan, "cosmopower", tmp_path, max_error=1e-3, log10=["A", "k2"])
        for part in ("train", "test"):
            parameters, curves = loaded(tmp_path / f"{part}_parameters.npz"), loaded(tmp_path / f"{part}_log10_A.npz")
            rows = rows_of(scan, part)
            assert list(parameters) == ["k1", "log10_k2"]
            assert np.array_equal(parameters["k1"], scan["k1"].values[rows])
            assert np.array_equal(parameters["log10_k2"], np.log10(scan["k2"].values[rows]))
            assert np.array_equal(curves["modes"], scan["t"].values)
            assert np.array_equal(curves["features"], np.log10(scan["A"].values[rows]))


def test_globalemu(file, tmp_path):
    with open_scan(file) as scan:
        export(scan, "globalemu", tmp_path, max_error=1e-3)
        assert np.array_equal(np.loadtxt(tmp_path / "z.txt"), scan["t"].values)
        for part in ("train", "test"):
            rows = rows_of(scan, part)
            data = np.stack([scan[name].values[rows] for name in ("k1", "k2")], axis=1)
            assert np.array_equal(np.loadtxt(tmp_path / f"{part}_data.txt"), data)
            assert np.array_equal(np.loadtxt(tmp_path / f"{part}_labels.txt"), scan["A"].values[rows])


def test_npz_holds_numbers_and_curves(file, tmp_path):
    with open_scan(file) as scan:
        export(scan, "npz", tmp_path, ["late", "A"], max_error=1e-3)
        arrays, rows = loaded(tmp_path / "train.npz"), rows_of(scan, "train")
        assert arrays["X"].shape == (len(rows), 2) and arrays["Y"].shape == (len(rows), 34)
        assert np.array_equal(arrays["Y"][:, 0], scan["late"].values[rows])
        assert list(arrays["Y_names"][:2]) == ["late", "A(0.0001)"]


def test_smt_has_derivatives_by_each_parameter(file, tmp_path):
    with open_scan(file) as scan:
        export(scan, "smt", tmp_path / "plain", max_error=1e-3)
        arrays, rows = loaded(tmp_path / "plain" / "train.npz"), rows_of(scan, "train")
        assert arrays["dyt_dxt"].shape == (2, len(rows), 1)
        assert np.array_equal(arrays["dyt_dxt"][1, :, 0], scan["late_by_k2"].values[rows])
        export(scan, "smt", tmp_path / "log", max_error=1e-3, log10=["k1", "k2", "late"])
    # The closed form: late = exp(k1 t0)/(1 + k2/k1).
    arrays = loaded(tmp_path / "log" / "train.npz")
    k1, k2 = 10.0 ** arrays["xt"].T
    late = np.exp(k1 * 1e-4) / (1.0 + k2 / k1)
    asymptotic = k1 > 0.2
    share = (k2 / k1) / (1.0 + k2 / k1)
    np.testing.assert_allclose(arrays["yt"][asymptotic, 0], np.log10(late)[asymptotic], atol=1e-3)
    np.testing.assert_allclose(arrays["dyt_dxt"][0, asymptotic, 0], (k1 * 1e-4 + share)[asymptotic], rtol=1e-3)
    np.testing.assert_allclose(arrays["dyt_dxt"][1, asymptotic, 0], -share[asymptotic], rtol=1e-3)


def test_only_good_points(file, tmp_path):
    with open_scan(file) as scan:
        limit = float(np.median(scan["error_estimate"].values))
        done = export(scan, "npz", tmp_path, max_error=limit)
        assert done.train + done.test == int((scan["error_estimate"].values < limit).sum()) < len(scan)
        kept = loaded(tmp_path / "train.npz")["X"]
        bad = scan["k1"].values[scan["error_estimate"].values >= limit]
        assert not np.isin(kept[:, 0], bad).any()


@pytest.mark.parametrize(("to", "quantities", "options", "message"), [
    ("npz", ["nothing"], {}, "has no quantity 'nothing'; it has A, late, second_c_limit"),
    ("npz", ["status"], {}, "has no quantity 'status'"),
    ("cosmopower", ["late"], {}, "'late' is one number a point, and cosmopower learns curves"),
    ("globalemu", ["A", "late"], {}, "learns one curve at a time, not 2"),
    ("npz", ["late"], {"max_error": 1e-30}, "no point of .* below 1e-30"),
    ("npz", ["late"], {"log10": ["k3"]}, "'k3' is neither a varied parameter nor an exported quantity"),
    ("npz", ["first_d_limit"], {"log10": ["first_d_limit"]}, "'first_d_limit' is not positive everywhere"),
    ("npz", ["late"], {"test": 1.5}, "a share of 1.5 of the points cannot be held out"),
])
def test_messages(file, tmp_path, to, quantities, options, message):
    with open_scan(file) as scan, pytest.raises(AnalysisError, match=message):
        export(scan, to, tmp_path, quantities, **{"max_error": 1e-3, **options})


def test_smt_needs_sensitivities(tiny, tmp_path):
    with open_scan(tiny) as scan, pytest.raises(AnalysisError, match="run the job with output.store: .*sensitivities"):
        export(scan, "smt", tmp_path, max_error=1e-3)


def test_command_and_example(file, tmp_path):
    environment = {"PYTHONPATH": str(SOURCE / "analysis"), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}

    def call(*arguments):
        done = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                              env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    told = call("-m", "gluesweep_analysis", "export", file, "--to", "npz", "-o", tmp_path / "out", "--max-error", "1e-3")
    assert "points to train on and" in told and str(tmp_path / "out" / "test.npz") in told
    pytest.importorskip("sklearn")
    told = call(SOURCE / "analysis" / "examples" / "gaussian_process.py", file, "late", "1e-3")
    assert float(told.split("median ")[1].split(",")[0]) < 1e-2
