"""analysis/plot.py on a real file, and its messages."""
import os
import subprocess
import sys
import unittest

from program import JOB, SOURCE, ProgramTest, need

for module in ("numpy", "scipy", "h5py", "matplotlib", "xarray", "yaml"):
    need(module)
import numpy as np  # noqa: E402

sys.path.insert(0, str(SOURCE / "analysis"))
import plot  # noqa: E402
from gluesweep_analysis import expressions  # noqa: E402

PLOT = SOURCE / "analysis" / "plot.py"


class Plot(ProgramTest):
    def plot(self, *arguments, **more):
        return subprocess.run([sys.executable, str(PLOT), *arguments], cwd=self.folder, capture_output=True, text=True,
                              **more)

    def test_draws_a_sweep(self):
        self.call("run", "job.yaml", "-o", "a.h5")
        done = self.plot("a.h5", "-o", "picture.png")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        picture = (self.folder / "picture.png").read_bytes()
        self.assertEqual(picture[:8], b"\x89PNG\r\n\x1a\n")
        self.assertGreater(len(picture), 50000)
        done = self.plot("a.h5", "--samples", "1,99")
        self.assertIn("the file has points 0 to 19, not 99", done.stderr)

    def test_draws_patches_with_definitions_of_their_own(self):
        patch = 'constants: {c: "1"}, solution: {A: "1/(c + k2*t)"}'
        own = 'constants: {c: "1"}, definitions: {grown: "c + k2*t", part: "1/grown"}, solution: {A: "part*erf(10)"}'
        self.assertIn(patch, JOB)
        (self.folder / "own.yaml").write_text(JOB.replace(patch, own))
        for method in ("gauss_newton", "matching"):
            self.call("run", "own.yaml", "-o", f"{method}.h5", "--set", f"training.method={method}",
                      "--set", "output.points=128")
            done = self.plot(f"{method}.h5")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        file = plot.SweepFile(self.folder / "gauss_newton.h5")
        x, values = plot.dense_solution(file, 3, "A")
        self.assertGreater(x.size, file.x.size)
        self.assertLess(abs(np.interp(np.log(file.x), np.log(x), values) / file.row("A", 3) - 1).max(), 1e-6)

    def test_refuses_other_files(self):
        (self.folder / "text.h5").write_text("x")
        self.assertIn("cannot read 'text.h5'", self.plot("text.h5").stderr)

    def test_names_the_package_of_a_missing_module(self):
        (self.folder / "h5py.py").write_text("raise ImportError('gone', name='h5py')")
        done = self.plot("a.h5", env={**os.environ, "PYTHONPATH": str(self.folder)})
        self.assertEqual(done.returncode, 1)
        self.assertIn("apt-get install python3-h5py", done.stderr)

    def test_expressions_compute_and_nothing_else(self):
        self.assertAlmostEqual(expressions.compile_expression("2*exp(-k*t)**2 + max(1, k)")({"k": 2.0, "t": 0.0}), 4.0)
        self.assertAlmostEqual(expressions.compile_expression("erf(k)")({"k": 0.5}), 0.5204998778130465)
        self.assertEqual(expressions.compile_expression("lambda*1e1 + lambda_0")({"lambda": 2.0, "lambda_0": 1.0}), 21.0)
        for text in ("__import__('os')", "k.real", "(lambda: 1)()", "[1][0]", "'a'", "open(k)", "k if k else 1", "lambda: 1"):
            with self.assertRaises((ValueError, SyntaxError), msg=text):
                expressions.compile_expression(text)


if __name__ == "__main__":
    unittest.main()
