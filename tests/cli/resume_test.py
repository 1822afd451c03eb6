"""Going on with a sweep file: on any number of ranks, with the job it was made from, and with nothing else."""
import signal
import unittest

from program import ProgramTest, contents, kill, need, points_done, processes, wait_until

h5py = need("h5py")
numpy = need("numpy")

QUIET = ["--progress", "none"]
LONG = [*QUIET, "--set", "sweep.samples=400"]  # a second and more
# One point in two has no real rate: sqrt of a negative number.
FAILING = [*QUIET, "--set", 'problem.equations.A="-k1*A - k2*A**2 + 1.0e-300*sqrt(k1 - 0.1)"', "--max-failed", "1"]
CONVERGED = 1


def rows(path, *names):
    with h5py.File(path, "r") as file:
        return [file[name][:] for name in names]


class ResumeTest(ProgramTest):
    def interrupt(self, path, *arguments, done=1, ranks=None):
        """Starts a run and kills it when it has done so many points. Returns the status of all rows."""
        process = self.start_and_see(path, "job.yaml", *arguments, done=done, ranks=ranks)
        kill(processes(process.mark))
        process.finish()
        self.assertTrue(wait_until(lambda: not processes(process.mark)))
        return rows(self.folder / path, "status")[0]

    def refuse(self, *arguments, says, unchanged="a.h5", ranks=None):
        """Exit code 2, a message with these words, and the file as it was, with nothing beside it."""
        path = self.folder / unchanged
        before, files = path.read_bytes(), self.files()
        quiet = [] if "--progress" in arguments else QUIET
        finished = self.call("run", "job.yaml", *quiet, *arguments, ranks=ranks, code=2)
        for words in says:
            self.assertIn(words, finished.err, str(finished))
        self.assertEqual(path.read_bytes(), before, "the file was changed")
        self.assertEqual(self.files(), files)
        return finished


class GoingOn(ResumeTest):
    def test_any_number_of_ranks_after_any_number_of_interruptions(self):
        self.call("run", "job.yaml", *LONG, "-o", "whole.h5")
        expected = contents(self.folder / "whole.h5")
        self.interrupt("a.h5", *LONG, ranks=2)
        for ranks, share in ((3, 0.4), (None, 0.6), (1, 0.8)):
            before = rows(self.folder / "a.h5", "status", "seconds")
            self.interrupt("a.h5", *LONG, "--resume", ranks=ranks,
                           done=max(share * 400, (before[0] > 0).sum() + 1))
            after = rows(self.folder / "a.h5", "status", "seconds")
            kept = before[0] > 0
            self.assertEqual(after[1][kept].tobytes(), before[1][kept].tobytes(), "finished points were done again")
        self.call("run", "job.yaml", *LONG, "-o", "a.h5", "--resume", ranks=7)
        self.equal("a.h5", expected)

    def test_without_a_file_it_starts_one(self):
        self.call("run", "job.yaml", *QUIET, "-o", "a.h5", "--resume")
        self.call("run", "job.yaml", *QUIET, "-o", "b.h5")
        self.equal("a.h5", contents(self.folder / "b.h5"))

    def test_a_complete_file_is_left_as_it_is(self):
        self.call("run", "job.yaml", *QUIET, "-o", "a.h5")
        before = (self.folder / "a.h5").read_bytes()
        for ranks in (None, 2):
            again = self.call("run", "job.yaml", *QUIET, "-o", "a.h5", "--resume", ranks=ranks)
            self.assertIn("complete already", again.out)
            self.assertIn("20 of 20 done", again.out)
        self.assertEqual((self.folder / "a.h5").read_bytes(), before)

    def test_a_complete_file_with_too_many_failures_is_exit_code_3(self):
        self.call("run", "job.yaml", *FAILING, "-o", "a.h5")
        again = self.call("run", "job.yaml", *FAILING[:-2], "-o", "a.h5", "--resume", code=3)
        self.assertIn("points failed, more than --max-failed 0.01 allows", again.err)

    def test_rows_without_a_status_are_done_again(self):
        self.call("run", "job.yaml", *QUIET, "-o", "a.h5")
        expected = contents(self.folder / "a.h5")
        with h5py.File(self.folder / "a.h5", "r+") as file:
            file["status"][5:11] = 0
            file["A"][5:8] = -1.0   # as if a run had died in the middle of a block
            file["late"][9] = numpy.nan
        resumed = self.call("run", "job.yaml", *QUIET, "-o", "a.h5", "--resume", ranks=2)
        self.assertIn("20 of 20 done", resumed.out)
        self.equal("a.h5", expected)

    def test_what_a_killed_creation_left_does_not_disturb(self):
        self.call("run", "job.yaml", *QUIET, "-o", "whole.h5")
        process = self.start("run", "job.yaml", *QUIET, "-o", "a.h5")
        wait_until(lambda: process.poll() is not None or len(self.files()) > 2, pause=0.0005)
        kill(processes(process.mark))
        process.finish()
        # Of the names that a process may take there is one for every process id.
        (self.folder / "a.h5.creating-1").write_bytes(b"half a file")
        self.call("run", "job.yaml", *QUIET, "-o", "a.h5", "--resume")
        self.equal("a.h5", contents(self.folder / "whole.h5"))

    def test_what_does_not_touch_the_numbers_may_change(self):
        self.call("run", "job.yaml", *LONG, "-o", "whole.h5")
        self.interrupt("a.h5", *LONG, done=40)
        self.call("run", "job.yaml", *LONG, "-o", "a.h5", "--resume", "--set", "run.time_limit=1:00:00",
                  "--device", "auto", "--max-failed", "0.5", "--set", "run.device=cpu")
        self.equal("a.h5", contents(self.folder / "whole.h5"))


class RetryFailed(ResumeTest):
    def test_failed_points_and_pending_ones_only(self):
        self.call("run", "job.yaml", *FAILING, "-o", "a.h5")
        expected = contents(self.folder / "a.h5")
        status, before = rows(self.folder / "a.h5", "status", "seconds")
        failed = status != CONVERGED
        self.assertTrue(failed.any() and not failed.all(), status)
        with h5py.File(self.folder / "a.h5", "r+") as file:
            pending = int(numpy.flatnonzero(~failed)[0])
            file["status"][pending] = 0

        resumed = self.call("run", "job.yaml", *FAILING, "-o", "a.h5", "--resume")
        self.assertIn("20 of 20 done", resumed.out)
        self.equal("a.h5", expected)
        after = rows(self.folder / "a.h5", "seconds")[0]
        self.assertTrue((after[failed] == before[failed]).all(), "--resume retried failed points")
        self.assertNotEqual(after[pending], before[pending])

        self.call("run", "job.yaml", *FAILING, "-o", "a.h5", "--retry-failed", ranks=2)
        self.equal("a.h5", expected)
        retried = rows(self.folder / "a.h5", "seconds")[0]
        self.assertTrue((retried[failed] != after[failed]).all(), "failed points were not trained again")
        self.assertTrue((retried[~failed] == after[~failed]).all(), "points that had not failed were touched")

    def test_it_starts_a_file_too(self):
        self.call("run", "job.yaml", *QUIET, "-o", "a.h5", "--retry-failed")
        again = self.call("run", "job.yaml", *QUIET, "-o", "a.h5", "--retry-failed")
        self.assertIn("complete already", again.out)


class Refusals(ResumeTest):
    def test_an_existing_file_is_never_written_without_being_asked(self):
        self.call("run", "job.yaml", *LONG, "-o", "a.h5")
        says = ["a.h5 exists already", "all of its 400 points done", "--overwrite", "-o"]
        self.refuse(*LONG, "-o", "a.h5", says=says)
        self.refuse(*LONG, "-o", "a.h5", says=says, ranks=2)
        self.refuse(*LONG, "-o", "a.h5", "--set", "sweep.seed=4", says=["another job", "--overwrite"])
        with h5py.File(self.folder / "a.h5", "r+") as file:
            file["status"][100:] = 0
        self.refuse(*LONG, "-o", "a.h5", says=["100 of 400 points done", "--resume", "--overwrite"])

    def test_another_jobs_file(self):
        other = ["--set", "training.tolerance=1e-5", "--set", "sweep.parameters.k2.range=[10, 900]"]
        self.call("run", "job.yaml", *QUIET, "-o", "a.h5")
        self.call("run", "job.yaml", *QUIET, *other, "-o", "b.h5")
        hashes = []
        for name in ("a.h5", "b.h5"):
            with h5py.File(self.folder / name, "r") as file:
                hashes.append(file.attrs["job_hash"])
        for ranks in (None, 2):
            for flag in ("--resume", "--retry-failed"):
                finished = self.refuse(*other, "-o", "a.h5", flag, says=[*hashes, "another job"], ranks=ranks)
                self.assertRegex(finished.err, r"(?m)training\.tolerance.*1e-0?4.*1e-0?5")
                self.assertRegex(finished.err, r"(?m)sweep\.parameters\.k2\.range.*1000.*900")
                self.assertEqual(len([line for line in finished.err.splitlines() if line.startswith("  ")
                                      and " in the file, " in line]), 2, "keys that do not differ are listed")
                self.assertEqual(finished.err.count("another job"), 1, "one message for all ranks")

    def test_another_format_version(self):
        self.call("run", "job.yaml", *QUIET, "-o", "a.h5")
        with h5py.File(self.folder / "a.h5", "r+") as file:
            file.attrs["format_version"] = 99
            file["status"][3:] = 0
        self.refuse("-o", "a.h5", "--resume", says=["a.h5", "format version is 99"])

    def test_a_part_is_not_the_whole(self):
        self.call("run", "job.yaml", *QUIET, "-o", "a.h5", "--part", "1/2")
        self.refuse("-o", "a.h5", "--resume", says=["a.h5", "part"])
        self.refuse("-o", "a.h5", "--resume", "--part", "2/2", says=["a.h5", "another part", "samples 0 to 11"])

    def test_what_is_no_sweep_file(self):
        self.call("run", "job.yaml", *QUIET, "-o", "a.h5")
        whole = (self.folder / "a.h5").read_bytes()
        with h5py.File(self.folder / "foreign.h5", "w") as file:
            file["x"] = numpy.arange(3)
        kinds = {"text": b"k1,k2\n1,2\n", "nothing": b"", "half": whole[:len(whole) // 2],
                 "no superblock": b"\0" * 96 + whole[96:],
                 "zeros from the root group on": whole[:96] + b"\0" * (len(whole) - 96),
                 "foreign": (self.folder / "foreign.h5").read_bytes()}
        runs = [(kind, flag) for kind in kinds for flag in ("--resume", "--overwrite")]
        for kind, flag in [*runs, ("text", "--retry-failed"), ("text", "--max-failed=1")]:
            with self.subTest(kind, flag=flag):
                (self.folder / "a.h5").write_bytes(kinds[kind])
                finished = self.refuse("-o", "a.h5", flag, says=["a.h5"])
                # Nobody has these files open.
                self.assertNotIn("HDF5_USE_FILE_LOCKING", finished.err)

    def test_half_of_a_file_says_that_it_is_truncated(self):
        self.call("run", "job.yaml", *QUIET, "-o", "a.h5")
        whole = (self.folder / "a.h5").read_bytes()
        (self.folder / "a.h5").write_bytes(whole[:len(whole) // 2])
        for ranks in (None, 2):
            self.refuse("-o", "a.h5", "--resume", says=["a.h5", "truncated"], ranks=ranks)

    def test_a_folder(self):
        (self.folder / "a.h5").mkdir()
        for flag in (["--resume"], ["--overwrite"], []):
            finished = self.call("run", "job.yaml", *QUIET, "-o", "a.h5", *flag, code=2)
            self.assertIn("a directory", finished.err)
        self.assertEqual(list((self.folder / "a.h5").iterdir()), [])

    def test_a_second_run_on_a_file_that_is_being_written(self):
        for ranks in (None, 2):
            with self.subTest(ranks=ranks):
                many = [*QUIET, "--set", "sweep.samples=100000", "--set", "output.store=[solution]"]
                first = self.start_and_see("a.h5", "job.yaml", *many, ranks=ranks)
                for second, flag in ((None, "--resume"), (2, "--resume"), (None, "--overwrite")):
                    finished = self.call("run", "job.yaml", *many, "-o", "a.h5", flag, ranks=second, code=2)
                    self.assertIn("a.h5 is being written by another run", finished.err)
                before = points_done(self.folder / "a.h5")
                self.assertTrue(wait_until(lambda: points_done(self.folder / "a.h5") > before), "the first run stands")
                first.send_signal(signal.SIGUSR1)
                self.assertEqual(first.finish().code, 75)
                self.call("run", "job.yaml", *many, "-o", "a.h5", "--resume", "--set", "run.time_limit=1", code=75)
                (self.folder / "a.h5").unlink()


class Overwrite(ResumeTest):
    def test_sweep_files_of_any_job_in_any_state(self):
        self.call("run", "job.yaml", *QUIET, "-o", "whole.h5")
        expected = contents(self.folder / "whole.h5")
        self.call("run", "job.yaml", *QUIET, "-o", "a.h5", "--overwrite")  # there is nothing to overwrite
        self.equal("a.h5", expected)
        self.call("run", "job.yaml", *QUIET, "--set", "sweep.samples=12", "--set", "sweep.seed=4", "-o", "a.h5",
                  "--overwrite")
        self.assertEqual(len(rows(self.folder / "a.h5", "status")[0]), 12)
        with h5py.File(self.folder / "a.h5", "r+") as file:
            file["status"][:] = 0
        self.call("run", "job.yaml", *QUIET, "-o", "a.h5", "--overwrite", ranks=2)
        self.equal("a.h5", expected)
        self.assertEqual(self.files(), ["a.h5", "job.yaml", "whole.h5"])

    def test_bad_input_leaves_the_old_file(self):
        self.call("run", "job.yaml", *QUIET, "-o", "a.h5")
        self.refuse("-o", "a.h5", "--overwrite", "--set", "sweep.samples=0", says=["sweep.samples"])
        self.refuse("-o", "a.h5", "--overwrite", "--set", "run.device=cuda:98", says=["run.device"])

    def test_not_together_with_resume(self):
        self.call("run", "job.yaml", *QUIET, "-o", "a.h5")
        for flag in ("--resume", "--retry-failed"):
            self.refuse("-o", "a.h5", "--overwrite", flag, says=["--overwrite", flag])


if __name__ == "__main__":
    unittest.main()
