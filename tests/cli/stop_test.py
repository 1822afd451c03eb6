"""A signal ends a run early: exit code 75, a readable file, the rest pending."""
import signal
import time
import unittest

from program import ProgramTest, need

h5py = need("h5py")

MANY = ["--set", "sweep.samples=20000", "--set", "output.store=[solution]", "--progress", "plain"]


class Stop(ProgramTest):
    def stop(self, number, ranks):
        process = self.start("run", "job.yaml", "-o", "a.h5", *MANY, ranks=ranks)
        first = process.stderr.readline()  # the first block is stored
        self.assertIn("of 20,000 points", first)
        time.sleep(0.3)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, out + err)
        self.assertEqual(err.count("stopped early"), 1, out + err)
        self.assertIn("they are kept", err)
        with h5py.File(self.folder / "a.h5", "r") as file:
            status = file["status"][:]
            done = status > 0
            self.assertTrue(done.any() and not done.all())
            self.assertTrue((file["late"][:][done] > 0).all())
            for name in ("late", "error_estimate"):
                self.assertTrue((file[name][:][~done] != file[name][:][~done]).all(), "pending rows are not NaN")
        shown = self.call("show", "a.h5").out
        self.assertIn(f"{done.sum():,} of 20,000 done", shown)
        self.assertIn("pending", shown)
        (self.folder / "a.h5").unlink()

    def test_one_process(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            with self.subTest(signal=number.name):
                self.stop(number, None)

    def test_ranks(self):
        # Launchers forward SIGUSR1; SIGTERM and SIGINT they follow up with SIGKILL.
        self.stop(signal.SIGUSR1, 2)


if __name__ == "__main__":
    unittest.main()
