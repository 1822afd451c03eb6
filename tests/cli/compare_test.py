"""gluesweep compare, end to end: the table, the file, any number of ranks, the messages, the picture."""
import os
import subprocess
import sys
import unittest

from program import JOB, SOURCE, ProgramTest, need

numpy = need("numpy")
xarray = need("xarray")
for module in ("h5netcdf", "h5py", "matplotlib", "scipy", "xarray", "yaml"):
    need(module)

EXACT = 'exact: {A: "1/((1 + k2/k1)*exp(k1*(t - 1.0e-4)) - k2/k1)"}'
WITH_EXACT = JOB.replace("  derived:", f"  {EXACT}\n  derived:")
METHODS = ["gauss_newton", "adam", "plain", "matching"]
SMALL = ("--points", "10", "--progress", "none", "--set", "training.adam={steps: 3, width: 4, points: 8}")
TIMES = {"seconds", "processor_seconds", "seconds_mean"}


class Compare(ProgramTest):
    def compare(self, *arguments, job="job.yaml", **more):
        return self.call("compare", job, *arguments, **more)

    def open(self, name):
        with xarray.open_dataset(self.folder / name, engine="h5netcdf") as data:
            return data.load()

    def row(self, finished, method):
        """A method's cells in the table of errors."""
        rows = [line.split() for line in finished.out.splitlines() if line.split()[:1] == [method]]
        self.assertTrue(rows, str(finished))
        return rows[0]

    def test_all_methods(self):
        (self.folder / "exact.yaml").write_text(WITH_EXACT)
        finished = self.compare(*SMALL, job="exact.yaml")
        self.assertIn("reference: the closed form for 10 points\n", finished.out)
        data = self.open("exact_compare.h5")
        self.assertEqual(list(data.training_method.values), METHODS)
        self.assertEqual(data.sizes, {"training_method": len(METHODS), "sample": 10, "t": 16})
        self.assertTrue((data.reference_kind == 1).all())
        k1, k2, t = data.k1, data.k2, data.t
        truth = 1 / ((1 + k2 / k1) * numpy.exp(k1 * (t - 1e-4)) - k2 / k1)
        numpy.testing.assert_allclose(data.A_reference, truth.transpose("sample", "t"), rtol=1e-10)
        for method in data.training_method.values:
            one = data.sel(training_method=method)
            error = abs(one.A / truth - 1).max("t")
            numpy.testing.assert_allclose(one.reference_error, error, rtol=1e-3, atol=1e-11)
            self.assertAlmostEqual(float(one.error_max), float(one.reference_error.max()))
            self.row(finished, method)
        ours, matching = (data.sel(training_method=name) for name in ("gauss_newton", "matching"))
        self.assertLess(float(ours.error_max), 1e-4)
        self.assertTrue((ours.status == 1).all())
        self.assertTrue((matching.status == 5).all())
        self.assertEqual(float(matching.network_parameters_mean), 0.0)
        self.assertGreater(float(ours.network_parameters_mean), 50.0)
        self.assertGreater(float(matching.error_ratio), 1e4)
        self.assertEqual(float(ours.calibration_covered), 1.0)
        self.assertEqual(data.attrs["problem"], "tiny_decay")
        self.assertIn("samples: 10", data.attrs["job"])
        self.assertEqual(data.attrs["table"], finished.out)
        self.assertEqual(self.files(), ["exact.yaml", "exact_compare.h5", "job.yaml"])

    def test_any_number_of_ranks_gives_what_a_run_gives(self):
        choice = ("--points", "10", "--methods", "gauss_newton,matching", "--progress", "none")
        self.compare(*choice, "-o", "1.h5")
        finished = self.compare(*choice, "-o", "2.h5", ranks=2)
        self.assertEqual(finished.out.count("below estimate"), 1, str(finished))
        one, two = self.open("1.h5"), self.open("2.h5")
        self.assertEqual(list(one), list(two))
        for name in set(one) - TIMES:
            self.assertEqual(one[name].values.tobytes(), two[name].values.tobytes(), name)
        self.call("run", "job.yaml", "--set", "sweep.samples=10", "-o", "run.h5")
        run, ours = self.open("run.h5"), one.sel(training_method="gauss_newton")
        for name in ("k1", "k2", "A", "error_estimate", "status"):
            numpy.testing.assert_array_equal(ours[name], run[name], name)

    def test_conditions_inside_the_domain(self):
        job = JOB.replace('conditions: [{at: start, A: "1"}]',
                          'conditions: [{at: 0.5, A: "1/((1 + k2/k1)*exp(k1*(t - 1.0e-4)) - k2/k1)"}]')
        (self.folder / "inside.yaml").write_text(job.replace("range: [1.0e-2, 1.0]", "range: [1.0e-2, 2.0e-2]"))
        finished = self.compare("--points", "4", "--methods", "gauss_newton,matching", "--format", "markdown",
                                job="inside.yaml")
        data = self.open("inside_compare.h5")
        finer, integrated = (int((data.reference_kind == kind).sum()) for kind in (3, 2))
        self.assertEqual(finer + integrated, 4, str(finished))
        self.assertIn("CVODE for" if integrated else "gauss_newton with a finer network for 4 points", finished.out)
        self.assertLess(float(data.reference_error.sel(training_method="gauss_newton").max()), 1e-4)
        self.assertIn("\n\n| method | median | 99% |", finished.out)
        self.assertIn("\n| matching | ", finished.out)
        self.assertIn("wrote inside_compare.h5", finished.err)

    def test_misuse_is_explained_and_creates_nothing(self):
        finished = self.compare("--methods", "gauss_newton,matchin", ranks=2, code=2)
        self.assertEqual(finished.err.count("unknown method 'matchin'; did you mean 'matching'?"), 1, str(finished))
        self.assertIn("Accepted: gauss_newton, adam, plain, matching.", finished.err)
        (self.folder / "there.h5").write_text("precious")
        finished = self.compare("--methods", "matching", "-o", "there.h5", code=2)
        self.assertIn("there.h5 exists already", finished.err)
        self.assertEqual((self.folder / "there.h5").read_text(), "precious")
        grid = ("--set", "sweep={sampler: grid, parameters: {k1: {values: [0.1, 0.2, 0.3]}}}", "--methods", "matching")
        finished = self.compare(*grid, "--points", "8", code=2)
        self.assertIn("--points 8 cannot be kept: the points of this job are a grid", finished.err)
        finished = self.compare("--methods", "matching,matching:frames", code=2)
        self.assertIn("'matching' would be in the table twice", finished.err)
        (self.folder / "taken.yaml").write_text(JOB.replace("k2", "converged"))
        finished = self.compare("--methods", "matching", job="taken.yaml", code=2)
        self.assertIn("two variables of the comparison file would be named 'converged'", finished.err)
        self.assertEqual(self.files(), ["job.yaml", "taken.yaml", "there.h5"])
        self.assertIn("tiny_decay: 3 points", self.compare(*grid).out)

    def plot(self, *arguments, **more):
        return subprocess.run([sys.executable, str(SOURCE / "analysis" / "compare.py"), *arguments], cwd=self.folder,
                              capture_output=True, text=True, **more)

    def test_picture(self):
        self.compare("--points", "3", "--methods", "gauss_newton,matching", "-o", "a.h5")
        done = self.plot("a.h5", "-o", "picture.png")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        picture = (self.folder / "picture.png").read_bytes()
        self.assertEqual(picture[:8], b"\x89PNG\r\n\x1a\n")
        self.assertGreater(len(picture), 50000)
        self.assertIn("a.h5 is not a sweep file that can be read", self.call("show", "a.h5", code=2).err)
        other = subprocess.run([sys.executable, str(SOURCE / "analysis" / "plot.py"), "a.h5"], cwd=self.folder,
                               capture_output=True, text=True)
        self.assertEqual(other.stderr, "plot.py: 'a.h5' is a file of gluesweep compare: draw it with compare.py\n")
        (self.folder / "text.h5").write_text("x")
        self.assertIn("cannot read 'text.h5'", self.plot("text.h5").stderr)
        (self.folder / "h5py.py").write_text("raise ImportError('gone', name='h5py')")
        done = self.plot("a.h5", env={**os.environ, "PYTHONPATH": str(self.folder)})
        self.assertEqual(done.returncode, 1)
        self.assertIn("compare.py: ", done.stderr)
        self.assertIn("apt-get install python3-h5py", done.stderr)


if __name__ == "__main__":
    unittest.main()
