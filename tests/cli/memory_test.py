"""Peak memory does not grow with the number of samples."""
import os
import unittest

from program import ProgramTest

# Small networks and outputs: what is measured is whether anything is kept per sample.
FAST = ["--set", "training.method=matching", "--set", "run.block=256", "--set", "output.points=64", "--progress",
        "none"]


class Memory(ProgramTest):
    def peak(self, samples):
        """Largest resident size of a run, in bytes."""
        process = self.start("run", "job.yaml", "-o", f"{samples}.h5", "--set", f"sweep.samples={samples}", *FAST)
        process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
        process.stdout.close()
        self.assertEqual(process.returncode, 0)
        return usage.ru_maxrss * 1024

    def test_flat(self):
        few, many = self.peak(1024), self.peak(16384)
        # The file itself grows by some 35 MB.
        self.assertLess(many - few, 8e6, f"{few / 1e6:.0f} MB for 1,024 points, {many / 1e6:.0f} MB for 16,384")


if __name__ == "__main__":
    unittest.main()
