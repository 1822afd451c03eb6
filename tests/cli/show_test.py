"""What show tells about a file, and that its advice works."""
import re
import subprocess
import unittest

from program import PROGRAM, ProgramTest, need

h5py = need("h5py")
numpy = need("numpy")


class Show(ProgramTest):
    def test_summary_and_worst_points(self):
        ran = self.call("run", "job.yaml", "-o", "a.h5")
        shown = self.call("show", "a.h5", "--worst", "3").out
        for words in ("20 of 20 done", "converged", "error (estimated)", "conventional matching", "a.h5 ("):
            self.assertIn(words, ran.out)
            self.assertIn(words, shown)
        self.assertRegex(ran.out, r"points/s; [\d.]+% training, [\d.]+% writing, [\d.]+% opening and closing the file, [\d.]+% waiting for blocks, [\d.]+% idle")
        listed = [int(number) for number in re.findall(r"(?m)^  point (\d+): converged", shown)]
        with h5py.File(self.folder / "a.h5", "r") as file:
            errors = file["error_estimate"][:]
            self.assertEqual(listed, list(numpy.argsort(-errors, kind="stable")[:3]))
            self.assertIn(f"k1 = {float(file['k1'][listed[0]])!r}", shown)
        self.assertNotIn("point ", self.call("show", "a.h5", "--worst", "0").out.split("conventional")[1])

    def test_matching_is_much_worse(self):
        ran = self.call("run", "job.yaml", "-o", "a.h5")
        factor = re.search(r"conventional matching +median error \S+: (\S+) times ours in the median", ran.out)
        self.assertIsNotNone(factor, str(ran))
        self.assertGreater(float(factor.group(1).replace(",", "")), 1000)

    def test_the_rerun_line_works(self):
        self.call("run", "job.yaml", "-o", "it's a scan.h5")
        shown = self.call("show", "it's a scan.h5", "--worst", "1").out
        sample = int(re.search(r"to run point (\d+) alone", shown).group(1))
        commands = [line.strip() for line in shown.splitlines() if line.startswith("  gluesweep ")]
        self.assertEqual(len(commands), 2, shown)
        for command in commands:
            done = subprocess.run(["bash", "-c", f'gluesweep() {{ "{PROGRAM}" "$@"; }}; {command}'], cwd=self.folder,
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, command + done.stdout + done.stderr)
        with h5py.File(self.folder / "it's a scan.h5", "r") as scan:
            with h5py.File(self.folder / f"it's a scan_{sample}.h5", "r") as alone:
                self.assertEqual(alone["status"][:].tolist(), [1])
                numpy.testing.assert_allclose(alone["A"][0], scan["A"][sample], rtol=1e-4)

    def test_the_stored_job_runs_again(self):
        self.call("run", "job.yaml", "-o", "a.h5")
        (self.folder / "again.yaml").write_text(self.call("show", "a.h5", "--job").out)
        self.call("run", "again.yaml", "-o", "b.h5")
        with h5py.File(self.folder / "a.h5", "r") as a, h5py.File(self.folder / "b.h5", "r") as b:
            self.assertEqual(a["A"][()].tobytes(), b["A"][()].tobytes())
            self.assertEqual(a.attrs["job_hash"], b.attrs["job_hash"])

    def test_an_impossible_tolerance_is_exit_code_3(self):
        impossible = ["--set", "training.tolerance=1e-30", "--set", "sweep.samples=4", "--set",
                      "training.max_iterations=2"]
        ran = self.call("run", "job.yaml", "-o", "a.h5", *impossible, ranks=2, code=3)
        self.assertEqual(ran.err.count("4 of 4 points failed, more than --max-failed 0.01 allows"), 1, str(ran))
        shown = self.call("show", "a.h5").out
        self.assertIn("not_converged: the estimated error exceeds training.tolerance", shown)
        self.call("run", "job.yaml", "-o", "b.h5", *impossible, "--max-failed", "1")

    def test_progress_styles(self):
        ran = self.call("run", "job.yaml", "-o", "a.h5", "--progress", "bar")
        self.assertIn("[####################] 20 of 20 points (100%)", ran.err.split("\r")[-1])
        ran = self.call("run", "job.yaml", "-o", "b.h5", "--progress", "none")
        self.assertEqual(ran.err, "")


if __name__ == "__main__":
    unittest.main()
