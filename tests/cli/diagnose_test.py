"""diagnose, end to end: theory against closed forms, measured networks against theory, jobs against files."""
import math
import pathlib
import subprocess
import tempfile
import unittest

from program import JOB, PROGRAM, ProgramTest, need

h5py = need("h5py")
numpy = need("numpy")
xarray = need("xarray")

DEEP = "network.trunk={layers: 6, activation: erf, init: {sigma_w: 1.4, sigma_b: 0.3}}"
SMALL = ["--width", "200", "--draws", "8", "--depth", "16"]


def run(folder, *arguments):
    subprocess.run([PROGRAM, *arguments], cwd=folder, check=True, capture_output=True, text=True)


def erf_length(q):
    return 1.96 * 2 / math.pi * math.asin(2 * q / (1 + 2 * q)) + 0.09


class Diagnoses(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.TemporaryDirectory(prefix="gluesweep_diagnose_")
        cls.addClassCleanup(cls.made.cleanup)
        cls.home = pathlib.Path(cls.made.name)
        (cls.home / "job.yaml").write_text(JOB)
        run(cls.home, "diagnose", "job.yaml", "--set", DEEP, *SMALL, "-o", "deep.h5")
        run(cls.home, "run", "job.yaml", "-o", "scan.h5", "--set", "network.trunk={layers: 3}", "--max-failed", "1")

    def attributes(self, path):
        with h5py.File(path, "r") as file:
            return dict(file.attrs)

    def test_theory_is_that_of_the_arcsine_kernel(self):
        q = 1.0
        for _ in range(200):
            q = erf_length(q)
        found = self.attributes(self.home / "deep.h5")
        self.assertAlmostEqual(found["fixed_length"], q, places=9)
        self.assertAlmostEqual(found["chi_1"], 1.96 * 4 / math.pi / math.sqrt(1 + 4 * q), places=9)
        self.assertEqual(found["phase"], "chaotic")
        self.assertLess(found["fixed_correlation"], 1)

    def test_the_file_opens_as_it_is_and_networks_follow_the_theory(self):
        with xarray.open_dataset(self.home / "deep.h5", engine="h5netcdf") as file:
            self.assertEqual(file.predicted_length.dims, ("depth", "place"))
            numpy.testing.assert_array_equal(file.depth, numpy.arange(2, 17))
            predicted, q = file.predicted_length.values, file.predicted_length.values[0]
            for row in predicted:
                numpy.testing.assert_allclose(row, q, rtol=1e-9)
                q = [erf_length(value) for value in q]
            sampled, error = file.sampled_length.values[-1], file.sampled_length_error.values[-1]
            self.assertLess(numpy.abs((sampled - predicted) / error).max(), 6)
            self.assertLess((error / predicted).max(), 0.15)
            # The trunk itself has six layers.
            self.assertTrue(numpy.isfinite(file.trunk_length[:5]).all())
            self.assertTrue(numpy.isnan(file.trunk_length[5:]).all())
            flow, measured = file.flow_weight_variance.values, file.sampled_flow_weight_variance.values
            numpy.testing.assert_allclose(flow[1] / flow[0], file.attrs["chi_1"], rtol=1e-9)
            self.assertLess(abs(measured[1] / flow[1] - 1), 0.05)
            self.assertLess(abs(file.attrs["measured_critical_sigma_w"] / file.attrs["critical_sigma_w"] - 1), 0.03)
            self.assertAlmostEqual(file.attrs["nu"], 1, delta=0.1)
            self.assertGreater(file.attrs["symmetry_p_value"], 1e-3)

    def test_a_sweep_file_has_the_trunk_that_its_job_draws(self):
        self.call("diagnose", str(self.home / "scan.h5"), "--draws", "0", "-o", "stored.h5")
        self.call("diagnose", str(self.home / "job.yaml"), "--set", "network.trunk={layers: 3}", "--draws", "0", "-o", "job.h5")
        with h5py.File(self.folder / "stored.h5", "r") as stored, h5py.File(self.folder / "job.h5", "r") as job:
            self.assertEqual((stored.attrs["subject"], job.attrs["subject"]), ("sweep file", "job"))
            for name in ("weight_variance", "singular_value", "trunk_length", "function_error"):
                numpy.testing.assert_array_equal(stored[name][:], job[name][:])
            self.assertNotIn("sampled_length", stored)
            # As configured, and as the weights came out.
            self.assertEqual(job.attrs["sigma_w"], 1)
            self.assertAlmostEqual(stored.attrs["sigma_w"] ** 2, numpy.nanmean(stored["weight_variance"][:]), places=12)

    def test_a_trunk_fits_its_own_coefficient_functions(self):
        scan = str(self.home / "scan.h5")
        done = self.call("diagnose", scan, "--draws", "0", "--coefficients", scan, "-o", "fits.h5")
        self.assertIn("second_c", done.out)
        with h5py.File(self.folder / "fits.h5", "r") as file:
            self.assertEqual(file.attrs["constants"], "second_c; first_d")
            self.assertLess(file["coefficient_error"][:].max(), 1e-9)

    def test_an_emulator_has_the_trunk_of_its_scan(self):
        scan = self.home / "many.h5"
        run(self.home, "run", "job.yaml", "-o", str(scan), "--set", "sweep.samples=60")
        self.call("emulate", str(scan), "-o", "emulator.h5", "--no-module", "--max-error", "1")
        done = self.call("diagnose", "emulator.h5", "--draws", "0")
        self.assertIn("of the emulator", done.out)

    def test_what_cannot_be_diagnosed_is_refused(self):
        scan = str(self.home / "scan.h5")
        self.assertIn("--set changes the keys of a job", self.call("diagnose", scan, "--set", "network.layers=2", code=2).err)
        self.assertIn("0, or 2 and more", self.call("diagnose", scan, "--draws", "1", code=2).err)
        self.assertIn("--depth", self.call("diagnose", scan, "--depth", "4", code=2).err)
        run(self.home, "run", "job.yaml", "-o", str(self.folder / "matching.h5"), "--set", "training.method=matching")
        self.assertIn("training.method gauss_newton", self.call("diagnose", "matching.h5", code=2).err)
        self.call("diagnose", "missing.yaml", code=2)
        (self.folder / "taken.h5").write_text("mine")
        self.call("diagnose", scan, "--draws", "0", "-o", "taken.h5", code=2)
        self.assertEqual((self.folder / "taken.h5").read_text(), "mine")


if __name__ == "__main__":
    unittest.main()
