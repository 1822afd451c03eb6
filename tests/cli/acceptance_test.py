"""What a user relies on: the shipped scans over their full ranges, the reference points, the README's own example."""
import csv
import re
import unittest

from program import SOURCE, ProgramTest, need

h5py = need("h5py")
np = need("numpy")

CONVERGED = 1


def reference(problem):
    """Points and places of a reference table: parameter names, (points, parameters), places, columns by name."""
    with open(SOURCE / "tests/data/reference" / f"{problem}.csv", newline="") as file:
        rows = list(csv.reader(file))
    names, table = rows[0], np.array(rows[1:], float)
    variable = {"mixed_order_decay": "t", "freeze_out": "x", "misaligned_scalar": "t"}[problem]
    first = names.index(variable)
    points = np.unique(table[:, :first], axis=0)
    order = [np.flatnonzero((table[:, :first] == point).all(axis=1)) for point in points]
    columns = {name: np.array([table[rows, i] for rows in order]) for i, name in enumerate(names) if i >= first}
    return names[:first], points, columns.pop(variable)[0], columns


SCALES = {  # the error's denominator
    "mixed_order_decay": ("A", lambda points, t, u: np.abs(u), 1e-6),
    "freeze_out": ("Y", lambda points, x, u: np.abs(u), 1e-6),
    "misaligned_scalar": ("phi", lambda points, t, u: (1 + points[:, :1] * t) ** -0.75, 1e-4),
}

DOMAINS = {"mixed_order_decay": (1.0e-4, 1.0e2), "freeze_out": (1.0, 1.0e3), "misaligned_scalar": (1.0e-3, 1.0e3)}


class ReferencePoints(ProgramTest):
    def check(self, problem):
        names, points, places, columns = reference(problem)
        with open(self.folder / "points.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            writer.writerows([[repr(float(v)) for v in point] for point in points])
        inner = ", ".join(repr(float(v)) for v in places[1:-1])
        ends = DOMAINS[problem]  # as the problem writes them
        self.call("run", SOURCE / "jobs" / f"{problem}.yaml", "-o", "list.h5", "--progress", "none",
                                  "--set", f"sweep={{sampler: list, file: {self.folder / 'points.csv'}}}",
                                  "--set", f"output.points=[{ends[0]}, {inner}, {ends[1]}]")
        unknown, scale, allowed = SCALES[problem]
        with h5py.File(self.folder / "list.h5") as scan:
            self.assertTrue((scan["status"][:] == CONVERGED).all())
            want = columns[unknown]
            error = (np.abs(scan[unknown][:] - want) / scale(points, places, want)).max(axis=1)
            estimate, matching = scan["error_estimate"][:], scan["matching_error"][:]
        self.assertLess(error.max(), allowed)
        self.assertTrue((error <= estimate).mean() >= 0.95, (error, estimate))
        self.assertGreater(np.median(matching / error), 1000)

    def test_mixed_order_decay(self):
        self.check("mixed_order_decay")

    def test_freeze_out(self):
        self.check("freeze_out")

    def test_misaligned_scalar(self):
        self.check("misaligned_scalar")


class FullRanges(ProgramTest):
    """Points of a Sobol sequence over the whole ranges: at least 99.9% converge."""

    def scan(self, problem, samples=1024, *settings):
        result = self.call("run", SOURCE / "jobs" / f"{problem}.yaml", "-o", "scan.h5", "--progress", "none",
                                  "--set", f"sweep.samples={samples}", *settings, ranks=2)
        self.assertRegex(result.out, r"conventional matching +median error [^:]*: .* times ours in the median")
        with h5py.File(self.folder / "scan.h5") as scan:
            self.assertGreaterEqual((scan["status"][:] == CONVERGED).mean(), 0.999)
            factor = scan["matching_error"][:] / scan["error_estimate"][:]
            self.assertGreater(np.median(factor), 1000)
            return {name: scan[name][:] for name in scan if getattr(scan[name], "shape", ()) == (samples,)}

    def test_mixed_order_decay(self):
        found = self.scan("mixed_order_decay")
        # Closed form: A exp(k1 t) -> 1 / (1/A0 + k2/k1) from t0 on.
        k1, k2 = found["k1"], found["k2"]
        exact = np.exp(k1 * 1e-4) / (1 + k2 / k1 - k2 / k1 * np.exp(-k1 * (100 - 1e-4)))
        self.assertLess(np.abs(found["late_amplitude"] / exact - 1).max(), 1e-6)

    def test_freeze_out(self):
        found = self.scan("freeze_out")
        # More annihilation leaves less: strictly decreasing, and frozen out later.
        order = np.argsort(found["lambda"])
        self.assertTrue((np.diff(found["relic_abundance"][order]) < 0).all())
        self.assertTrue((np.diff(found["freeze_out_x"][order]) > 0).all())

    def test_misaligned_scalar(self):
        found = self.scan("misaligned_scalar")
        # In the product m t the problem has no scale of its own once m t_start << 1.
        small = found["m"] < 3
        self.assertLess(np.ptp(found["onset"]) / np.median(found["onset"]), 1e-3)
        # phi = Gamma(5/4) (z/2)^(-1/4) J_{1/4}(z): amplitude Gamma(5/4) 2^(1/4) sqrt(2/pi) of z^(-3/4) cos(z - 3 pi/8).
        amplitude = 0.9064024770554771 * 2 ** 0.25 * np.sqrt(2 / np.pi)
        self.assertLess(np.abs(found["amplitude"][small] / amplitude - 1).max(), 1e-4)
        self.assertLess(np.abs(found["phase"][small] - 3 * np.pi / 8).max(), 1e-4)

    def test_all_others(self):
        for problem in ("michaelis_menten", "robertson", "friedmann_background", "meszaros_growth", "tensor_modes",
                        "boundary_layer"):
            with self.subTest(problem):
                found = self.scan(problem, 256, "--set", "verification.reference_fraction=0.05")
                error, estimate = found["reference_error"], found["error_estimate"]
                verified = np.isfinite(error)
                self.assertGreaterEqual(verified.sum(), 5)
                self.assertLess(error[verified].max(), 1e-6)
                self.assertGreaterEqual((error <= estimate)[verified].mean(), 0.95)
                self.assertLess(np.median(estimate[verified] / error[verified]), 30)
                (self.folder / "scan.h5").unlink()


class ReadmeExample(ProgramTest):
    def test_the_example_of_the_readme_runs_as_it_stands(self):
        text = (SOURCE / "README.md").read_text()
        example = re.search(r"```yaml\n# diode\.yaml\n(.*?)```", text, re.S).group(1)
        (self.folder / "diode.yaml").write_text(example)
        self.call("check", "diode.yaml")
        self.call("run", "diode.yaml", "--progress", "none", "--set", "sweep.samples=128",
                                  "--set", "verification.reference_fraction=0.1")
        with h5py.File(self.folder / "diode.h5") as scan:
            self.assertTrue((scan["status"][:] == CONVERGED).all())
            verified = np.isfinite(scan["reference_error"][:])
            self.assertTrue((scan["reference_error"][verified] < 1e-6).all())


if __name__ == "__main__":
    unittest.main()
