"""Opening, filtering, selecting, and evaluating scans."""
import h5py
import numpy as np
import pytest
from conftest import PROBLEMS
from gluesweep_analysis import AnalysisError, open_scan, rows

ADAM = "training.adam={steps: 20, width: 6, layers: 3, points: 16}"
VARIANTS = {
    "adam": ["training.method=adam", ADAM],
    "adam_sum": ["training.method=adam", "training.ansatz=sum", ADAM],
    "plain": ["training.method=plain", ADAM],
    "sines": ["network={features: 64, elements: 24, layers: 2, activation: sine}"],
    "deep": ["network={features: 64, elements: 24}",
             "network.trunk={layers: 4, activation: gelu, init: critical, skip: residual, width: 80}"],
    "kinked": ["network={features: 64, elements: 24}", "network.trunk={layers: 2, activation: selu}",
               "training.rescue=false", "training.tolerance=0.5"],
    "silu": ["network={features: 64, elements: 24}", "network.trunk={layers: 2, activation: silu}"],
    "erf": ["network={features: 64, elements: 24}", "network.trunk={layers: 2, activation: erf, init: critical}"],
    "trained": ["network={features: 32, elements: 24}", "network.trunk={width: 80, train: {points: 8, steps: 5}}"],
    "rescued": ["network={features: 24, elements: 8}", "training.tolerance=1e-9"],
}


def worst_difference(scan):
    """The largest difference of evaluated from stored unknowns in their magnitude, and of derivatives in theirs."""
    problem, samples = scan.problem, scan.sample
    x = scan[problem.symbol].values
    found = scan.evaluate(samples, x)
    stored = {name: scan[name].values for name in problem.states}
    parameters = {**scan.fixed, **{name: scan[name].values[:, None] for name in scan.parameters}}
    with np.errstate(all="ignore"):
        scales = problem.error_scales(x[None, :], parameters, stored)
    largest = 0.0
    for unknown in problem.unknown_list:
        for order, name in enumerate(unknown.states):
            difference = np.abs(found[name].values - stored[name])
            assert np.isfinite(difference).all(), name
            # A derivative is as large as the unknown over a step that the eye sees.
            scale = scales[unknown.name] if order == 0 else np.abs(stored[name]).max(axis=1, keepdims=True)
            largest = max(largest, float(np.where(difference == 0, 0, difference / scale).max()))
    return largest


@pytest.mark.parametrize("problem", PROBLEMS)
def test_evaluates_what_is_stored(make, problem):
    with open_scan(make(problem, "sweep.samples=3", "output.points=65", "verification.reference_fraction=0",
                        "run.device=cpu", job=problem)) as scan:
        assert len(scan) == 3
        assert worst_difference(scan) < 1e-10


@pytest.mark.parametrize("name", VARIANTS)
def test_evaluates_networks_of_all_kinds(make, name):
    with open_scan(make(name, "sweep.samples=4", *VARIANTS[name])) as scan:
        assert worst_difference(scan) < 1e-10
        if name == "rescued":
            assert (scan["rescue"] > 0).any()


def test_evaluates_sums_of_patches(make):
    path = make("sum", "sweep.samples=3", "training.ansatz=sum", "output.points=65", "run.device=cpu",
                job="boundary_layer")
    with open_scan(path) as scan:
        assert worst_difference(scan) < 1e-8  # its patches cancel each other in part


def test_coefficients_inside_their_regions(tiny):
    with open_scan(tiny) as scan:
        x = scan["t"].values
        found = scan.coefficients([2, 5], x)
        for name in ("second_c", "first_d"):
            stored = scan[name].sel(sample=[2, 5]).values
            inside = np.isfinite(found[name].values)
            assert 4 < inside.sum() < inside.size
            scale = np.abs(stored[inside]).max()
            np.testing.assert_allclose(found[name].values[inside], stored[inside], atol=1e-10 * scale)


def test_shapes_units_and_names(tiny):
    with open_scan(tiny) as scan:
        one = scan.evaluate(7, 0.5)
        assert one["A"].shape == () and one["A"].attrs == {"units": "mol/L", "long_name": "A"}
        assert float(one["sample"]) == 7 and float(one["t"]) == 0.5
        assert scan.evaluate(7, [0.5, 1.0])["A"].dims == ("t",)
        assert scan.evaluate([7, 3], 0.5)["A"].dims == ("sample",)
        many = scan.evaluate([7, 3], [0.5, 1.0])
        assert many["A"].dims == ("sample", "t") and list(many["sample"]) == [7, 3]
        np.testing.assert_allclose(many["A"][0, 0], one["A"], rtol=1e-13)
        assert list(scan.limits) == ["second_c_limit", "first_d_limit"]
        assert list(scan.crossovers) == ["crossover_second_first"] and list(scan.derived) == ["late"]
        assert scan.derived["late"].attrs == {"units": "mol/L", "long_name": "late amplitude"}
        assert scan.dataset["A"].dims == ("sample", "t")
        assert scan.parameters == ["k1", "k2"] and scan.fixed == {"lambda": 1.0, "no": 1.0}


def test_filters_and_selection(tiny):
    with open_scan(tiny) as scan:
        errors = scan["error_estimate"].values
        limit = float(np.median(errors))
        some = scan.error_below(limit)
        np.testing.assert_array_equal(some.sample, np.flatnonzero(errors < limit))
        np.testing.assert_array_equal(some["k1"], scan["k1"].values[errors < limit])
        np.testing.assert_array_equal(some["A"], scan["A"].values[errors < limit])
        assert len(scan.converged()) == int((scan["status"] == 1).sum())

        k1, k2 = scan["k1"].values, scan["k2"].values
        ranges = scan.select(k1=slice(0.05, 0.5), k2=slice(None, 200))
        np.testing.assert_array_equal(ranges.sample, np.flatnonzero((k1 >= 0.05) & (k1 <= 0.5) & (k2 <= 200)))
        nearest = scan.select(k1=0.1, k2=90)
        distance = np.log(k1 / 0.1) ** 2 / np.ptp(np.log(k1)) ** 2 + np.log(k2 / 90) ** 2 / np.ptp(np.log(k2)) ** 2
        assert list(nearest.sample) == [int(np.argmin(distance))]
        assert list(scan.select({"k2": 90}, k1=slice(0.5, None)).sample) != []
        # Samples keep their ids in a selection.
        sample = int(some.sample[-1])
        np.testing.assert_array_equal(some.evaluate(sample, 1.0)["A"], scan.evaluate(sample, 1.0)["A"])


def test_parts_count_as_the_scan_does(make):
    path = make("whole")
    part = path.with_name("part.h5")
    import os
    import subprocess

    subprocess.run([os.environ["GLUESWEEP_PROGRAM"], "run", str(path.with_name("tiny.yaml")), "-o", str(part),
                    "--part", "2/2"], check=True, capture_output=True, timeout=120)
    with open_scan(path) as scan, open_scan(part) as some:
        sample = int(some.sample[1])
        assert sample == len(scan) - len(some) + 1
        np.testing.assert_array_equal(some.evaluate(sample, 1.0)["A"], scan.evaluate(sample, 1.0)["A"])
        with pytest.raises(AnalysisError, match="there is no sample 0"):
            some.evaluate(0, 1.0)


def test_points_that_are_not_computed_yet(tiny, tmp_path):
    path = tmp_path / "running.h5"
    path.write_bytes(tiny.read_bytes())
    with h5py.File(path, "r+") as file:
        file["status"][5:] = 0
    with open_scan(path) as scan:
        assert np.isfinite(scan.evaluate(4, 1.0)["A"]) and np.isnan(scan.evaluate(5, 1.0)["A"])


def test_messages(make, tiny, tmp_path):
    with open_scan(make("matching", "training.method=matching", "sweep.samples=2")) as scan:
        with pytest.raises(AnalysisError, match="no networks: it was made with training.method=matching"):
            scan.evaluate(0, 1.0)
    with open_scan(make("bare", "output.store=[]", "sweep.samples=2")) as scan:
        with pytest.raises(AnalysisError, match="`heads` is not in its output.store"):
            scan.evaluate(0, 1.0)
    with open_scan(tiny) as scan:
        for request, words in (((99, 1.0), "there is no sample 99: .* has 0 to 19"),
                               ((0, 101.0), "t = 101 is outside the domain of this scan, 0.0001 to 100"),
                               ((0, [[1.0]]), "not an array of shape")):
            with pytest.raises(AnalysisError, match=words):
                scan.evaluate(*request)
        with pytest.raises(AnalysisError, match="does not vary 'k3'; it varies k1, k2"):
            scan.select(k3=1.0)
    (tmp_path / "text.h5").write_text("x")
    with pytest.raises(AnalysisError, match="cannot read"):
        open_scan(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w"):
        pass
    with pytest.raises(AnalysisError, match="not a sweep file of gluesweep"):
        open_scan(tmp_path / "other.h5")


def test_reads_only_what_is_asked_for(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        whole = np.arange(60000.0).reshape(20000, 3)
        dataset = file.create_dataset("a", data=whole)
        monkeypatch.setattr(rows, "SLAB_BYTES", 24 * 512)
        generator = np.random.default_rng(1)
        for chosen in ([19999, 0, 7, 7], generator.integers(0, 20000, 4000), np.arange(100, 4000), [], [5]):
            np.testing.assert_array_equal(rows.read_rows(dataset, np.array(chosen, dtype=int)),
                                          whole[np.array(chosen, dtype=int)])
        sizes = []
        original = h5py.Dataset.__getitem__

        def counted(self, key, *more):
            result = original(self, key, *more)
            sizes.append(np.asarray(result).nbytes)
            return result

        monkeypatch.setattr(h5py.Dataset, "__getitem__", counted)
        rows.read_rows(dataset, np.array([0, 10000, 19999]))
        assert sum(sizes) == 3 * 24  # three rows, not what lies between
        sizes.clear()
        rows.read_rows(dataset, np.arange(0, 20000, 2))
        assert max(sizes) <= rows.SLAB_BYTES
