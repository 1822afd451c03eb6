"""Every shipped problem gives bitwise the same numbers on any number of ranks, in one go or after an interruption."""
import os
import unittest

from program import SOURCE, ProgramTest, contents, kill, need, points_done, processes

h5py = need("h5py")
numpy = need("numpy")

PROBLEMS = ["boundary_layer", "freeze_out", "friedmann_background", "meszaros_growth", "michaelis_menten",
            "misaligned_scalar", "mixed_order_decay", "robertson", "tensor_modes"]
SAMPLES = 72
SETTINGS = ["--set", f"sweep.samples={SAMPLES}", "--set", "run.block=3", "--set", "output.points=12",
            "--set", "verification.reference_fraction=0.05", "--device", "cpu", "--progress", "none"]
# Ranks of the run that is killed and of the one that goes on with its file; every problem has its turn.
TURNS = [(2, 1), (1, 3), (3, 2), (2, 7), (7, 2)]
# And each on all of these in one go, if asked.
RANKS = (2, 3, 7) if "GLUESWEEP_TEST_ALL_RANKS" in os.environ else ()


class Problems(ProgramTest):
    def run_on(self, ranks, problem, path, *arguments):
        self.call("run", SOURCE / "jobs" / f"{problem}.yaml", *SETTINGS, "-o", path, *arguments, ranks=ranks)

    def interrupted(self, problem, first, second, expected):
        """Killed with some of its blocks done, and gone on with."""
        process = self.start_and_see("half.h5", SOURCE / "jobs" / f"{problem}.yaml", *SETTINGS, ranks=first)
        kill(processes(process.mark))
        process.finish()
        done = points_done(self.folder / "half.h5")
        self.assertTrue(0 < done < SAMPLES, f"{done} points were done: the test needs more of them")
        self.run_on(second, problem, "half.h5", "--resume")
        self.equal("half.h5", expected)

    def test_all(self):
        shipped = sorted(path.stem for path in (SOURCE / "jobs").glob("*.yaml"))
        self.assertEqual(shipped, PROBLEMS)
        for index, problem in enumerate(PROBLEMS):
            with self.subTest(problem):
                self.run_on(None, problem, "alone.h5")
                expected = contents(self.folder / "alone.h5")
                with h5py.File(self.folder / "alone.h5", "r") as file:
                    self.assertTrue((file["status"][:] == 1).all())
                    self.assertTrue(numpy.isfinite(file["reference_error"][:]).any())
                # One rank with a launcher and none are the same numbers: a test of their own below.
                for ranks in RANKS:
                    self.run_on(ranks, problem, f"{ranks}.h5")
                    self.equal(f"{ranks}.h5", expected)
                self.interrupted(problem, *TURNS[index % len(TURNS)], expected)
                for path in self.folder.glob("*.h5"):
                    path.unlink()


class Launchers(ProgramTest):
    def test_with_and_without_a_launcher(self):
        self.call("run", "job.yaml", "-o", "alone.h5")
        expected = contents(self.folder / "alone.h5")
        self.assertIn("A", expected)
        self.assertIn("network/head", expected)
        for ranks in (1, 3):
            finished = self.call("run", "job.yaml", "-o", f"{ranks}.h5", ranks=ranks)
            self.assertEqual(finished.out.count("20 of 20 done"), 1, str(finished))
            self.assertEqual(finished.err.count("20 of 20 points (100%)"), 1, str(finished))
            self.equal(f"{ranks}.h5", expected)


if __name__ == "__main__":
    unittest.main()
