"""verification.reference_fraction: a random subset is compared with the independent integrator."""
import unittest

from program import SOURCE, ProgramTest, need

h5py = need("h5py")
numpy = need("numpy")


class Verification(ProgramTest):
    def setUp(self):
        super().setUp()
        process = self.start("run", "job.yaml", "--dry-run", "--set", "verification.reference_fraction=1")
        err = process.communicate(timeout=300)[1]
        if process.returncode:
            self.assertEqual(process.returncode, 2, err)
            self.assertIn("built without the integrator", err)
            self.skipTest("built without the integrator")

    def run_with(self, fraction, block=4, ranks=None):
        name = f"{fraction}_{block}_{ranks}.h5"
        finished = self.call("run", "job.yaml", "--set", f"verification.reference_fraction={fraction}",
                             "--set", f"run.block={block}", "-o", name, ranks=ranks)
        self.assertNotIn("CVODE", finished.out + finished.err)
        with h5py.File(self.folder / name, "r") as file:
            self.assertEqual(file.attrs["reference_method"],
                             "CVODE, initial value problem" if fraction else "none")
            return {name: file[name][:] for name in ("k1", "k2", "t", "A", "reference_error")}

    def test_the_error_is_that_of_the_closed_form(self):
        found = self.run_with(1)
        k1, k2, t = found["k1"][:, None], found["k2"][:, None], found["t"][None, :]
        exact = 1 / ((1 + k2 / k1) * numpy.exp(k1 * (t - 1e-4)) - k2 / k1)
        error = numpy.abs(found["A"] / exact - 1).max(axis=1)
        numpy.testing.assert_allclose(found["reference_error"], error, rtol=1e-3, atol=1e-10)

    def test_the_subset_depends_on_the_seed_only(self):
        expected = self.run_with(0.3)["reference_error"]
        verified = numpy.isfinite(expected).sum()
        self.assertTrue(0 < verified < 20, verified)
        for block, ranks in ((4, 3), (7, None), (20, 2)):
            found = self.run_with(0.3, block, ranks)["reference_error"]
            numpy.testing.assert_array_equal(numpy.isfinite(found), numpy.isfinite(expected))
        self.assertFalse(numpy.isfinite(self.run_with(0)["reference_error"]).any())

    def test_the_file_names_closed_forms_and_shooting(self):
        for job, options, method in (("mixed_order_decay", [], "closed form"),
                                     ("boundary_layer", ["--set", "verification.reference_fraction=1"],
                                      "CVODE, shooting")):
            self.call("run", SOURCE / "jobs" / f"{job}.yaml", "--set", "sweep.samples=2", *options, "-o", f"{job}.h5")
            with h5py.File(self.folder / f"{job}.h5", "r") as file:
                self.assertEqual(file.attrs["reference_method"], method)
                self.assertTrue((file["reference_error"][:] <= file["error_estimate"][:]).all())


if __name__ == "__main__":
    unittest.main()
