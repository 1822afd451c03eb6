"""Trunks that the job chooses: deep ones, and hidden layers trained on pilot points."""
import importlib
import sys
import unittest

from program import SOURCE, ProgramTest, contents, kill, need, processes

h5py = need("h5py")
numpy = need("numpy")
need("scipy")

DEEP = ["--set", "network.trunk={layers: 4, activation: silu, init: {sigma_w: critical, sigma_b: 0.4}, skip: residual, train: none}"]
TRAINED = ["--set", "network.features=24", "--set", "network.trunk={width: 80, train: {points: 8, steps: 5}}"]
QUIET = ["--progress", "none", "--set", "training.tolerance=1e-2"]


class Trunks(ProgramTest):
    def test_same_numbers_on_any_number_of_ranks(self):
        for trunk in (DEEP, TRAINED):
            with self.subTest(trunk=trunk):
                self.call("run", "job.yaml", "-o", "alone.h5", *QUIET, *trunk)
                self.call("run", "job.yaml", "-o", "two.h5", *QUIET, *trunk, ranks=2)
                self.equal("two.h5", contents(self.folder / "alone.h5"))
                for name in ("alone.h5", "two.h5"):
                    (self.folder / name).unlink()

    def test_goes_on_with_the_trained_layers(self):
        scan = [*QUIET, *TRAINED, "--set", "sweep.samples=300"]
        self.call("run", "job.yaml", "-o", "whole.h5", *scan)
        process = self.start_and_see("half.h5", "job.yaml", *scan)
        kill(processes(process.mark))
        process.finish()
        self.call("run", "job.yaml", "-o", "half.h5", *scan, "--resume", ranks=2)
        self.equal("half.h5", contents(self.folder / "whole.h5"))

    def test_training_pays(self):
        def errors(*settings):
            self.call("run", "job.yaml", "-o", "a.h5", "--overwrite", *QUIET, "--set", "training.rescue=false",
                      "--set", "network={features: 24, elements: 20}", *settings, "--max-failed", "1")
            with h5py.File(self.folder / "a.h5", "r") as file:
                return file["error_estimate"][:]

        drawn = errors("--set", "network.trunk.train=none")
        trained = errors("--set", "network.trunk={width: 80, train: {points: 20}}")
        self.assertLess(numpy.median(trained), 0.05 * numpy.median(drawn))

    def test_training_is_the_default(self):
        self.assertIn("trained on 20 points", self.call("check", "job.yaml").out)
        self.call("run", "job.yaml", "-o", "default.h5", *QUIET)
        self.call("run", "job.yaml", "-o", "said.h5", *QUIET, "--set", "network.trunk={width: 256, train: {points: 256}}")
        self.equal("default.h5", contents(self.folder / "said.h5"))
        self.call("run", "job.yaml", "-o", "drawn.h5", *QUIET, "--set", "network.trunk.train=none")
        with h5py.File(self.folder / "drawn.h5", "r") as file:
            self.assertEqual(file["network/trunk_slope"].shape, (48,))

    def test_files_from_before_trunks_were_trained(self):
        drawn = [*QUIET, "--set", "network.trunk.train=none"]
        for method in ("gauss_newton", "matching"):
            with self.subTest(method):
                settings = [*drawn, "--set", f"training.method={method}", "--max-failed", "1"]
                self.call("run", "job.yaml", "-o", "whole.h5", *settings)
                self.call("run", "job.yaml", "-o", "old.h5", *settings)
                with h5py.File(self.folder / "old.h5", "r+") as file:
                    text = file.attrs["job"]
                    self.assertIn(", trunk: {train: none}", text)
                    file.attrs["job"] = text.replace(", trunk: {train: none}", "")
                    file["status"][8:12] = 0
                printed = self.call("show", "old.h5", "--job").out
                self.assertIn("train: none", printed)
                (self.folder / "printed.yaml").write_text(printed)
                self.call("run", "printed.yaml", "-o", "old.h5", "--resume", *QUIET, "--max-failed", "1")
                self.equal("old.h5", contents(self.folder / "whole.h5"))
                for name in ("whole.h5", "old.h5"):
                    (self.folder / name).unlink()

    def test_the_files_say_what_the_layers_are(self):
        self.call("run", "job.yaml", "-o", "a.h5", *QUIET, *DEEP)
        with h5py.File(self.folder / "a.h5", "r") as file:
            attributes = file["network"].attrs
            self.assertEqual(attributes["activation"], "silu")
            self.assertEqual(attributes["skip"], "residual")
            self.assertIn("sqrt(L - 1)", attributes["features"])
        self.assertIn("4 hidden layers", self.call("check", "job.yaml", *DEEP).out)
        self.assertIn("trained on 8 points", self.call("check", "job.yaml", *TRAINED).out)

    def test_refuses_pilot_points_of_sums(self):
        finished = self.call("run", "job.yaml", "-o", "a.h5", *TRAINED, "--set", "training.ansatz=sum", code=2)
        self.assertIn("the hidden layers are to be trained, but training.ansatz is sum", finished.err)

    def test_emulators_with_such_trunks(self):
        sys.path.insert(0, str(SOURCE / "analysis"))
        emulators = importlib.import_module("gluesweep_analysis.emulator")
        many = ["--set", "sweep.samples=200", "--set", "network.features=48"]
        deep = [*many, *DEEP]
        trained = [*many, "--set", "network.trunk={width: 80, train: {points: 30, steps: 0}}"]
        for name, scan in (("deep", deep), ("trained", trained)):
            with self.subTest(name):
                self.call("run", "job.yaml", "-o", f"{name}.h5", *QUIET, *scan)
                self.call("emulate", f"{name}.h5", "-o", f"{name}_emulator.h5", "--max-error", "1e-2", "--no-module")
                self.call("predict", f"{name}_emulator.h5", "--at", "k1=0.1,k2=90", "--x", "0.001,0.1,1,10", "-o",
                          f"{name}.csv")
                predicted = numpy.genfromtxt(self.folder / f"{name}.csv", delimiter=",", names=True)
                emulator = emulators.open_emulator(self.folder / f"{name}_emulator.h5")
                found = emulator.solution({"k1": 0.1, "k2": 90.0}, predicted["t"])
                numpy.testing.assert_allclose(numpy.ravel(found["A"]), predicted["A"], rtol=1e-7)

    def test_initial_weights_of_a_perceptron(self):
        self.call("run", "job.yaml", "-o", "scan.h5", *QUIET, "--set", "sweep.samples=60")
        self.assertIn("SIGMA_W,SIGMA_B",
                      self.call("emulate", "scan.h5", "-o", "a.h5", "--init", "critica", code=2).err)


if __name__ == "__main__":
    unittest.main()
