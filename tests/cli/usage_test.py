"""Command line, messages and exit codes; nothing is left behind by a refused run."""
import os
import re
import unittest
import unittest.mock

from program import JOB, ProgramTest


class Usage(ProgramTest):
    def test_help_and_version(self):
        text = self.call("--help").out
        for words in ("run JOB", "check JOB", "compare JOB", "show FILE", "exit codes:", "75  stopped early", "example"):
            self.assertIn(words, text)
        for command in ("run", "check", "compare", "show"):
            text = self.call(command, "--help").out
            self.assertIn("examples:", text)
            self.assertIn(f"usage: gluesweep {command}", text)
        version = self.call("--version").out
        for name in ("gluesweep", "commit", "LibTorch", "MPI", "HDF5", "yaml-cpp", "Boost", "compiler"):
            self.assertRegex(version, rf"(?m)^{name} +\S")

    def test_misuse_is_explained_once(self):
        finished = self.call("rnu", "job.yaml", ranks=3, code=2)
        self.assertEqual(finished.err.count("unknown command 'rnu'; did you mean 'run'?"), 1, str(finished))
        finished = self.call("run", "job.yaml", "--ouput", "a.h5", code=2)
        self.assertIn("unknown option '--ouput'; did you mean '--output'?", finished.err)
        self.assertIn("Accepted options: --help, --output, --set", finished.err)
        self.assertIn("no command is given", self.call(code=2).err)
        self.assertEqual(self.files(), ["job.yaml"])

    def test_bad_jobs_are_explained_once_and_create_nothing(self):
        (self.folder / "bad.yaml").write_text(JOB.replace("samples: 20", "sampels: 20"))
        for ranks in (None, 2):
            finished = self.call("run", "bad.yaml", ranks=ranks, code=2)
            self.assertEqual(finished.err.count("bad.yaml:"), 1, str(finished))
            self.assertIn("samples", finished.err)
        finished = self.call("check", "missing.yaml", code=2)
        self.assertIn("missing.yaml: the job file cannot be read", finished.err)
        finished = self.call("run", "job.yaml", "--set", "training.tolerance=-1", code=2)
        self.assertIn("training.tolerance", finished.err)
        finished = self.call("run", "job.yaml", "--device", "gpu", code=2)
        self.assertIn("accepted: auto, cpu, cuda, cuda:N", finished.err)
        finished = self.call("run", "job.yaml", "--device", "cuda:77", code=2)
        self.assertIn("cuda:77", finished.err)
        self.assertEqual(self.files(), ["bad.yaml", "job.yaml"])

    def test_kernels_that_do_not_exist_are_refused(self):
        with unittest.mock.patch.dict(os.environ, GLUESWEEP_PROCESSOR="avx512"):
            for command, ranks in (("check", None), ("run", None), ("run", 2), ("compare", None)):
                finished = self.call(command, "job.yaml", ranks=ranks, code=2)
                self.assertEqual(finished.err.count("GLUESWEEP_PROCESSOR is 'avx512'"), 1, str(finished))
                self.assertIn("baseline or avx2", finished.err)
        self.assertEqual(self.files(), ["job.yaml"])

    def test_check_refuses_a_degenerate_patch(self):
        (self.folder / "bad.yaml").write_text(JOB.replace('"1/(c + k2*t)"', '"1/(1 + k2*t) + c*max(0, 0.01 - t)"'))
        finished = self.call("check", "bad.yaml", code=2)
        self.assertIn("patch 'second' is degenerate at t =", finished.err)
        self.assertIn("k1 = ", finished.err)
        self.assertIn("Move its hand-over", finished.err)

    def test_check_refuses_what_is_no_place_and_no_number(self):
        (self.folder / "bad.yaml").write_text(JOB.replace('until: "1/k1"', 'until: "log(-k1)"'))
        finished = self.call("check", "bad.yaml", code=2)
        self.assertIn("the hand-over of patch 'second' (until) is not a place on the t axis for k1 = ", finished.err)
        self.assertIn("Correct the expression", finished.err)
        (self.folder / "bad.yaml").write_text(JOB.replace('"-k1*A - k2*A**2"', '"-k1*A - k2*A**2/(k1-k1)"'))
        finished = self.call("check", "bad.yaml", code=2)
        self.assertIn("nowhere in patch 'second' is the equation, with the patch's solution inserted", finished.err)
        self.assertIn("Look for a division by zero", finished.err)

    def test_check_warns_of_a_constant_that_dies_out(self):
        (self.folder / "dies.yaml").write_text(JOB.replace('"exp(d - k1*t)"', '"1 + d*exp(-k1*t)"'))
        finished = self.call("check", "dies.yaml")
        self.assertIn("the constant d no longer moves the solution", finished.out)
        self.assertIn("rather than K + d*exp(-r*t)", finished.out)
        self.assertNotIn("no longer moves", self.call("check", "job.yaml").out)

    def test_check_meets_the_whole_range_of_a_sobol_sequence(self):
        for size in ("4096", "1000"):
            text = self.call("check", "job.yaml", "--set", f"sweep.samples={size}").out
            low, high = map(float, re.search(r"patch second: ends at t = (\S+) to (\S+) s", text).groups())
            self.assertLess(low, 1.2, text)  # until = 1/k1, k1 from 0.01 to 1
            self.assertGreater(high, 85, text)

    def test_check_prints_the_plan(self):
        finished = self.call("check", "job.yaml", ranks=2)
        for words in ("20 by a Sobol sequence: k1 0.01 to 1 log, k2 10 to 1000 log", "5 of up to 4 points, on 2 ranks",
                      "patch second", "patch first", "the job is good", "memory", "job.h5"):
            self.assertEqual(finished.out.count(words), 1, words + "\n" + str(finished))
        self.assertEqual(self.files(), ["job.yaml"])

    def test_dry_run_creates_nothing(self):
        finished = self.call("run", "job.yaml", "--dry-run", "-o", "a.h5", "--set", "sweep.samples=8", ranks=2)
        self.assertEqual(finished.out.count("8 by a Sobol sequence"), 1, str(finished))
        self.assertIn("a.h5", finished.out)
        self.assertEqual(self.files(), ["job.yaml"])

    def test_an_existing_file_is_never_overwritten(self):
        (self.folder / "a.h5").write_text("precious")
        finished = self.call("run", "job.yaml", "-o", "a.h5", ranks=2, code=2)
        self.assertEqual(finished.err.count("a.h5"), 1, str(finished))
        self.assertEqual((self.folder / "a.h5").read_text(), "precious")

    def test_a_folder_that_is_missing_or_closed(self):
        finished = self.call("run", "job.yaml", "-o", "nowhere/a.h5", code=2)
        self.assertIn("nowhere", finished.err)
        if os.geteuid() != 0:  # nothing is closed to root
            (self.folder / "closed").mkdir(mode=0o500)
            self.assertIn("closed", self.call("run", "job.yaml", "-o", "closed/a.h5", code=2).err)
        self.assertIn("/proc", self.call("run", "job.yaml", "-o", "/proc/a.h5", code=2).err)

    def test_show_refuses_other_files(self):
        (self.folder / "text.h5").write_text("not HDF5")
        self.assertIn("text.h5", self.call("show", "text.h5", code=2).err)
        self.assertIn("gone.h5", self.call("show", "gone.h5", code=2).err)


if __name__ == "__main__":
    unittest.main()
