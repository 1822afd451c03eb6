"""emulate and predict, end to end: what comes out is the solution, and never a silent guess."""
import csv
import importlib.util
import pathlib
import subprocess
import tempfile
import unittest

from program import JOB, PROGRAM, ProgramTest, need

h5py = need("h5py")
numpy = need("numpy")
xarray = need("xarray")

SCAN = ["--set", "sweep.samples=400", "--set", "training.tolerance=1e-5", "--set", "network={features: 64, elements: 32}"]


def run(folder, *arguments):
    subprocess.run([PROGRAM, *arguments], cwd=folder, check=True, capture_output=True, text=True)


class Emulators(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.TemporaryDirectory(prefix="gluesweep_emulator_")
        cls.addClassCleanup(cls.made.cleanup)
        cls.home = pathlib.Path(cls.made.name)
        (cls.home / "job.yaml").write_text(JOB)
        run(cls.home, "run", "job.yaml", "-o", "scan.h5", *SCAN)
        # Points that the emulator has not seen.
        run(cls.home, "run", "job.yaml", "-o", "truth.h5", *SCAN, "--set", "sweep.sampler=random", "--set",
            "sweep.samples=12", "--set", "sweep.seed=5")
        cls.emulate = subprocess.run([PROGRAM, "emulate", "scan.h5", "-o", "decay.h5", "--max-error", "1e-5"],
                                     cwd=cls.home, check=True, capture_output=True, text=True)

    def setUp(self):
        super().setUp()
        self.emulator = str(self.home / "decay.h5")
        with h5py.File(self.home / "truth.h5", "r") as truth:
            self.theta = numpy.stack([truth["k1"][:], truth["k2"][:]], 1)
            self.t = truth["t"][:]
            self.truth = {name: truth[name][:] for name in ("A", "late", "first_d_limit")}
        with open(self.folder / "points.csv", "w") as points:
            points.write("k2,k1\n" + "".join(f"{k2!r},{k1!r}\n" for k1, k2 in self.theta.tolist()))

    def predict(self, *arguments, code=0):
        return self.call("predict", self.emulator, *arguments, code=code)

    def test_points_from_a_file_come_back_in_the_error_that_is_expected(self):
        self.predict("--csv", "points.csv", "--points", "16", "-o", "curves.h5")
        with xarray.open_dataset(self.folder / "curves.h5", engine="h5netcdf") as curves:
            numpy.testing.assert_allclose(curves.t, self.t, rtol=1e-14)
            numpy.testing.assert_array_equal(curves.k1, self.theta[:, 0])
            error = numpy.abs(curves.A / self.truth["A"] - 1.0).max("t")
            self.assertLess(float(error.max()), 1e-3)
            self.assertGreaterEqual(int((error < 10 * curves.expected_error + 2e-5).sum()), 11)
            numpy.testing.assert_allclose(curves.late, self.truth["late"], rtol=1e-3)
            self.assertLess(float(curves.late_expected_error.max()), 1e-3)
            self.assertEqual(curves.A.attrs["units"], "mol/L")
            self.assertEqual(curves.A.dims, ("sample", "t"))

    def test_the_table_and_the_files_say_the_same(self):
        at = "--at", "k1=0.1,k2=50", "--at", "k2 = 300, k1 = 0.5", "--x", "10,0.1,1"
        table = self.predict(*at).out
        self.predict(*at, "-o", "two.csv")
        self.predict(*at, "-o", "two.h5", "--threads", "2")
        with h5py.File(self.folder / "two.h5", "r") as file:
            values = file["A"][:]
            self.assertEqual(file["t"][:].tolist(), [10.0, 0.1, 1.0])
            late = file["late"][:]
        rows = numpy.loadtxt(table.splitlines())
        numpy.testing.assert_allclose(rows, numpy.stack([[10, 0.1, 1] * 2, values.ravel()], 1), rtol=1e-11)
        self.assertIn("# tiny_decay, k1 = 0.1, k2 = 50\n# expected error of the solution: ", table)
        self.assertIn(f"# late = {float(late[0])!r}, expected relative error ", table)
        with open(self.folder / "two.csv") as file:
            read = list(csv.DictReader(file))
        self.assertEqual([float(row["A"]) for row in read], values.ravel().tolist())
        self.assertEqual([float(row["k1"]) for row in read], [0.1] * 3 + [0.5] * 3)
        self.assertTrue(all(float(row["expected_error"]) > 0 for row in read))

    def test_nothing_is_guessed_outside_the_domain(self):
        at = "--at", "k1=0.1,k2=50", "--at", "k1=0.1,k2=2000", "--x", "1"
        ended = self.predict(*at)
        self.assertIn("1 of 2 points lie outside the emulator's domain, the first at k1 = 0.1, k2 = 2000. It was fitted on "
                      "k1 in [0.01, 1], k2 in [10, 1000]", ended.err)
        values = numpy.loadtxt(ended.out.splitlines())[:, 1]
        self.assertTrue(numpy.isfinite(values[0]) and numpy.isnan(values[1]))
        ended = self.predict(*at, "--outside", "warn")
        self.assertIn("warning: ", ended.err)
        self.assertIn("extrapolated", ended.err)
        values = numpy.loadtxt(ended.out.splitlines())[:, 1]
        self.assertTrue(numpy.isfinite(values).all())
        self.assertIn("expected error of the solution: -", ended.out)
        ended = self.predict(*at, "--outside", "error", "-o", "out.h5", code=2)
        self.assertIn("--outside nan or warn", ended.err)
        self.assertEqual(self.files(), ["job.yaml", "points.csv"])

    def refused(self, *arguments):
        error = self.predict(*arguments, code=2).err
        self.assertNotIn("error on rank", error)
        return error

    def test_bad_requests_are_named(self):
        both = "--at", "k1=0.1,k2=50"
        for arguments, words in [
                ((), ["no point is given", "--at NAME=VALUE"]),
                ((*both, "--csv", "points.csv"), ["--at and --csv are both given"]),
                (("--at", "k1=0.1"), ["the parameter k2 is missing; its range is 10 to 1000"]),
                (("--at", "k1=0.1,k2=5,k1=2"), ["k1 is given more than once"]),
                (("--at", "k1=0.1,q2=5"), ["unknown parameter 'q2'; did you mean 'k2'?", "k1, k2"]),
                (("--at", "k1=0.1,k2=much"), ["'much' is not a finite number"]),
                (("--at", "k1=0.1,k2=nan"), ["'nan' is not a finite number"]),
                (("--at", "k1=0.1,k2"), ["'k2' has no value"]),
                ((*both, "--x", "1,2,x"), ["'x' is not a finite number"]),
                ((*both, "--x", "1000"), ["t = 1000 lies outside the problem's range, 0.0001 to 100"]),
                ((*both, "--x", "1", "--points", "5"), ["--x and --points are both given"]),
                ((*both, "--points", "1"), ["2 to 1,000,000, not 1"]),
                ((*both, "--outside", "nun"), ["not 'nun'; did you mean 'nan'?"]),
                ((*both, "-o", "out.txt"), ["end with .h5 or .csv"]),
                ((*both, "-o", "nowhere/out.h5"), ["nowhere"]),
                (("--csv", "missing.csv"), ["missing.csv"])]:
            error = self.refused(*arguments)
            for word in words:
                self.assertIn(word, error, arguments)
        (self.folder / "bad.csv").write_text("k1,k2\n0.1,50\n0.1,fifty\n")
        self.assertIn("bad.csv:3:5", self.refused("--csv", "bad.csv"))
        (self.folder / "bad.csv").write_text("k1\n0.1\n")
        self.assertIn("the parameter k2 is missing", self.refused("--csv", "bad.csv"))
        error = self.call("predict", str(self.home / "scan.h5"), *both, code=2).err
        self.assertIn("scan.h5", error)
        self.assertEqual(self.files(), ["bad.csv", "job.yaml", "points.csv"])

    def test_existing_files_stay(self):
        (self.folder / "out.h5").write_text("mine")
        self.assertIn("out.h5", self.refused("--at", "k1=0.1,k2=50", "-o", "out.h5"))
        self.assertEqual((self.folder / "out.h5").read_text(), "mine")
        (self.folder / "mine.pt").write_text("mine")
        ended = self.call("emulate", str(self.home / "scan.h5"), "-o", "mine.h5", "--max-error", "1e-5", code=2)
        self.assertIn("mine.pt", ended.err)
        self.assertEqual(self.files(), ["job.yaml", "mine.pt", "out.h5", "points.csv"])

    def test_the_module_is_announced(self):
        self.assertIn("decay.pt (", self.emulate.stdout)
        self.assertTrue((self.home / "decay.pt").is_file())

    @unittest.skipUnless(importlib.util.find_spec("torch"), "needs torch (python3-torch)")
    def test_the_module_needs_nothing_else(self):
        import torch
        module = torch.jit.load(str(self.home / "decay.pt"))
        self.predict("--csv", "points.csv", "--points", "16", "-o", "curves.h5")
        with h5py.File(self.folder / "curves.h5", "r") as file:
            expected, late = file["A"][:], file["late"][:]
        theta, t = torch.tensor(self.theta), torch.tensor(self.t)
        values = module(theta, t)
        self.assertEqual((module.axes, module.unknowns, module.variable), (["k1", "k2"], ["A"], "t"))
        # The weights of its Gaussian process add up to some 1e8 times what they give, which costs so many digits.
        with h5py.File(self.emulator, "r") as file:
            rounding = numpy.finfo(float).eps * numpy.abs(file["amplitudes/weights"][:]).sum(0).max()
        self.assertLess(rounding, 1e-6)
        numpy.testing.assert_allclose(values[:, :, 0].detach(), expected, rtol=rounding)
        numpy.testing.assert_allclose(module.scalars(theta)[:, module.scalar_names.index("late")].detach(), late, rtol=1e-12)
        # Differences of 1e-6 would see that rounding; polynomials have none.
        self.call("emulate", str(self.home / "scan.h5"), "-o", "smooth.h5", "--max-error", "1e-5", "--regression",
                  "chebyshev")
        smooth = torch.jit.load(str(self.folder / "smooth.pt"))
        some, places = theta[:3].clone().requires_grad_(), t[4:9].clone().requires_grad_()
        self.assertTrue(torch.autograd.gradcheck(smooth, (some, places), rtol=1e-4, atol=1e-7))
        outside = module(torch.tensor([[0.1, 2000.0]], dtype=torch.float64), t)
        self.assertTrue(bool(outside.isnan().all()))
        self.assertTrue(bool(module(theta[:1], torch.tensor([1e-6, 1.0]))[0, 0, 0].isnan()))

    def refine(self, *arguments, code=0):
        return self.call("refine", *arguments, "--max-error", "1e-5", code=code)

    def test_new_points_are_run_and_learned_from(self):
        quick = "--count", "24", "--fits", "2", "--regression", "chebyshev"
        scan = self.home / "scan.h5"
        ended = self.refine(scan, "job.yaml", "-o", "more.csv", *quick)
        self.assertIn("new points            24, 6 of them to fill gaps", ended.out)
        with open(self.folder / "more.csv") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 24)
        points = numpy.array([[float(row["k1"]), float(row["k2"])] for row in rows])
        self.assertTrue(((points >= [0.01, 10]) & (points <= [1, 1000])).all())
        self.assertEqual([[repr(value) for value in row] for row in points.tolist()],
                         [[repr(float(row["k1"])), repr(float(row["k2"]))] for row in rows])
        command = ended.out.split("run them with\n")[1].strip().replace("-o FILE", "-o more.h5")
        done = self.paste(command + " --set network='{features: 64, elements: 32}' --set training.tolerance=1e-5")
        self.assertEqual(done.code, 0, done)
        with h5py.File(self.folder / "more.h5", "r") as file:
            numpy.testing.assert_array_equal(numpy.stack([file["k1"][:], file["k2"][:]], 1), points)
        ended = self.call("emulate", scan, "more.h5", "-o", "both.h5", "--max-error", "1e-5", "--no-module",
                          "--regression", "chebyshev")
        self.assertIn("points                  424 of 424", ended.out)
        self.assertIn("k1 in [0.01, 1], logarithmic", ended.out)
        ended = self.call("emulate", scan, "more.h5", scan, "-o", "thrice.h5", "--max-error", "1e-5", "--no-module",
                          "--regression", "chebyshev")
        self.assertIn("points                  424 of 824", ended.out)
        self.assertIn("left out              400 that an earlier file holds as well", ended.out)
        ended = self.refine(scan, "more.h5", "job.yaml", "-o", "wider.csv", *quick, "--set",
                            "sweep.parameters.k2.range=[10, 1e4]")
        self.assertIn("points so far         424 of 424", ended.out)
        beyond = numpy.loadtxt(self.folder / "wider.csv", delimiter=",", skiprows=1)[:, 1] > 1000
        self.assertGreater(beyond.sum(), 12)

    def test_bad_refinements_are_named(self):
        scan = self.home / "scan.h5"
        (self.folder / "taken.csv").write_text("mine")
        (self.folder / "two.csv").write_text("k1,k2\n0.1,50\n0.2,60\n")
        (self.folder / "other.yaml").write_text(JOB.replace('"-k1*A - k2*A**2"', '"-k1*A - 2*k2*A**2"'))
        before = self.files()
        job, new = "job.yaml", ("-o", "new.csv")
        for arguments, words in [
                ((scan, *new), ["no JOB is given after", "scan.h5"]),
                ((scan, job), ["no list to create is given"]),
                ((scan, job, "-o", "taken.csv"), ["taken.csv", "exists"]),
                ((scan, job, *new, "--count", "0"), ["--count", "not 0"]),
                ((scan, job, *new, "--filling", "2"), ["--filling", "not 2"]),
                ((scan, job, *new, "--fits", "1"), ["--fits", "not 1"]),
                ((scan, job, *new, "--holdout", "0.5"), ["--holdout", "not 0.5"]),
                ((scan, job, *new, "--regression", "chebishev"), ["did you mean 'chebyshev'?"]),
                ((scan, "other.yaml", *new), ["problem.equations.A", "give the job that the scan was run with"]),
                ((scan, "missing.yaml", *new), ["missing.yaml"]),
                ((self.home / "missing.h5", job, *new), ["missing.h5"]),
                ((scan, job, *new, "--set", f"sweep={{sampler: list, file: {self.folder}/two.csv}}"),
                 ["k1 has values there, no range"]),
                ((scan, job, *new, "--set", "sweep={sampler: sobol, samples: 4, parameters: {k2: {range: [10, 20], scale: "
                  "log}}}"), ["parameters that vary: k1, k2 and k2"])]:
            error = self.refine(*arguments, code=2).err
            self.assertNotIn("error on rank", error)
            for word in words:
                self.assertIn(word, error, arguments)
        self.assertEqual(self.files(), before)


if __name__ == "__main__":
    unittest.main()
