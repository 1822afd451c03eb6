"""Signals and the time limit end a run early: exit code 75, what is done is kept, and the printed command goes on."""
import re
import signal
import time
import unittest

from program import ProgramTest, contents, kill, need, points_done, processes, rank_processes, wait_until

h5py = need("h5py")
numpy = need("numpy")

SAMPLES = 1200
SCAN = ["job.yaml", "--set", f"sweep.samples={SAMPLES}", "--progress", "none"]
LONG = ["job.yaml", "--set", "sweep.samples=100000", "--set", "output.store=[solution]", "--progress", "none"]
# Blocks that take hours: nothing but a second signal ends them sooner.
ENDLESS = ["job.yaml", "--set", "sweep.samples=320", "--set", "run.block=64", "--set", "training.method=adam", "--set",
           "training.adam.steps=10000000", "--set", "output.store=[solution]", "--progress", "none"]
# Open MPI passes SIGTERM and SIGINT on only after this time, and kills the ranks when it has passed again.
SLOW_KILL = {"OMPI_MCA_odls_base_sigkill_timeout": "3"}


class SignalTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.expected = None

    def whole(self):
        """An uninterrupted run, once for all tests."""
        if not type(self).expected:
            self.call("run", *SCAN, "-o", "whole.h5")
            type(self).expected = contents(self.folder / "whole.h5")
        return self.expected

    def stopped(self, finished, reason, code=75, path="a.h5"):
        """What a run that was asked to stop says and leaves in its file."""
        self.assertEqual(finished.code, code, str(finished))
        self.assertEqual(finished.err.count("stopped early"), 1, str(finished))
        self.assertIn(reason, finished.err)
        self.assertIn("they are kept", finished.err)
        with h5py.File(self.folder / path, "r") as file:
            status, late = file["status"][:], file["late"][:]
            done = status > 0
            self.assertFalse(done.all(), "the run had ended before the signal: the test needs a longer scan")
            self.assertTrue((late[done] > 0).all())
            self.assertTrue(numpy.isnan(late[~done]).all(), "pending rows are not NaN")
        self.assertIn(f"{done.sum():,} of {len(done):,} points done", finished.err)
        return int(done.sum())

    def goes_on(self, finished):
        """The command of the message, in a shell, completes the file."""
        resumed = self.paste(self.resume_command(finished.out + finished.err))
        self.assertEqual(resumed.code, 0, str(resumed))
        self.equal("a.h5", self.whole())
        (self.folder / "a.h5").unlink()


class Signals(SignalTest):
    def test_one_process(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            with self.subTest(signal=number.name):
                process = self.start_and_see("a.h5", *SCAN, done=40)
                process.send_signal(number)
                finished = process.finish(60)
                done = self.stopped(finished, number.name)
                if number == signal.SIGTERM:
                    shown = self.call("show", "a.h5").out
                    self.assertIn(f"{done:,} of {SAMPLES:,} done", shown)
                    self.assertIn("pending", shown)
                self.goes_on(finished)

    def stop_ranks(self, number, victims, ranks=2, code=75, **environment):
        """Signals the given processes of a run on ranks; the file is then ready to be gone on with."""
        process = self.start_and_see("a.h5", *SCAN, done=40, ranks=ranks, **environment)
        pids = {"mpiexec": [process.pid], "all": list(rank_processes(process.mark).values()),
                "last": [rank_processes(process.mark)[ranks - 1]]}[victims]
        kill(pids, number)
        finished = process.finish(60)
        self.assertTrue(wait_until(lambda: not processes(process.mark), 10), "a rank was left behind")
        self.stopped(finished, number.name, code)
        return finished

    def test_one_rank_stops_all(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            with self.subTest(signal=number.name):
                finished = self.stop_ranks(number, "last", 3 if number == signal.SIGTERM else 2)
                if number == signal.SIGUSR1:
                    self.goes_on(finished)
                else:
                    (self.folder / "a.h5").unlink()

    def test_all_ranks(self):
        for number in (signal.SIGTERM, signal.SIGUSR1):
            with self.subTest(signal=number.name):
                self.stop_ranks(number, "all")
                (self.folder / "a.h5").unlink()

    def test_mpiexec_passes_sigusr1_on(self):
        self.goes_on(self.stop_ranks(signal.SIGUSR1, "mpiexec"))

    def test_mpiexec_ends_by_sigterm_and_sigint(self):
        # Open MPI ends the ranks by SIGTERM, whichever it got, and returns 1.
        for path, number in (("a.h5", signal.SIGTERM), ("b.h5", signal.SIGINT)):
            process = self.start_and_see(path, *LONG, "--set", "sweep.samples=20000", ranks=2, **SLOW_KILL)
            process.send_signal(number)
            finished = process.finish(60)
            self.assertTrue(wait_until(lambda: not processes(process.mark), 10), "a rank was left behind")
            self.stopped(finished, "SIGTERM", code=1, path=path)


class SecondSignal(SignalTest):
    def end_twice(self, first, second, ranks=None):
        process = self.start("run", *ENDLESS, "-o", "a.h5", ranks=ranks)
        path = self.folder / "a.h5"
        self.assertTrue(wait_until(path.exists))
        time.sleep(1)  # the ranks are in their first block now
        pids = list(rank_processes(process.mark).values())
        self.assertEqual(len(pids), ranks or 1)
        kill(pids, first)
        time.sleep(3.5)  # what comes sooner counts as the same signal
        self.assertIsNone(process.poll(), "the block in hand was not finished")
        kill(pids, second)
        start = time.monotonic()
        finished = process.finish(60)
        self.assertLess(time.monotonic() - start, 15, str(finished))
        self.assertNotIn(finished.code, (0, 75))
        self.assertTrue(wait_until(lambda: not processes(process.mark), 10), "a rank was left behind")
        self.assertEqual(points_done(path), 0)
        path.unlink()

    def test_the_second_signal_ends_it_at_once(self):
        self.end_twice(signal.SIGTERM, signal.SIGTERM)
        self.end_twice(signal.SIGUSR1, signal.SIGINT)
        self.end_twice(signal.SIGUSR1, signal.SIGUSR1, ranks=2)

    def test_finished_blocks_are_kept(self):
        process = self.start_and_see("a.h5", *SCAN, done=40, ranks=2)
        pids = list(rank_processes(process.mark).values())
        kill(pids, signal.SIGUSR1)
        kill(pids, signal.SIGTERM)
        process.finish(60)
        with h5py.File(self.folder / "a.h5", "r") as file:
            before = file["status"][:], file["seconds"][:]
        kept = before[0] > 0
        self.assertGreaterEqual(kept.sum(), 40)
        self.call("run", *SCAN, "-o", "a.h5", "--resume")
        with h5py.File(self.folder / "a.h5", "r") as file:
            self.assertEqual(file["seconds"][:][kept].tobytes(), before[1][kept].tobytes())
        self.equal("a.h5", self.whole())


class TimeLimit(SignalTest):
    def limited(self, limit, *arguments, ranks=None, code=75):
        finished = self.call("run", *(arguments or LONG), "-o", "a.h5", "--set", f"run.time_limit={limit}",
                             ranks=ranks, code=code)
        if code == 75:
            self.stopped(finished, "run.time_limit")
        return finished

    def test_formats(self):
        for limit in ("3", "0-00:00:03"):
            with self.subTest(limit=limit):
                start = time.monotonic()
                self.limited(limit)
                seconds = time.monotonic() - start
                self.assertGreater(seconds, 2.5, "it ended far too early")
                self.assertLess(seconds, 15)
                (self.folder / "a.h5").unlink()
        for limit in ("0", "1-02:03:04", "1:00:00"):
            with self.subTest(limit=limit):
                self.limited(limit, "job.yaml", "--progress", "none", code=0)
                (self.folder / "a.h5").unlink()

    def test_bad_limits(self):
        for limit in ("-1", "1:2:3:4", "[1]"):
            with self.subTest(limit=limit):
                finished = self.limited(limit, "job.yaml", code=2)
                self.assertIn("run.time_limit", finished.err)
                self.assertIn(limit, finished.err)
                self.assertEqual(self.files(), ["job.yaml"])

    def test_ranks_agree_and_the_command_goes_on(self):
        finished = self.limited("3", *LONG, ranks=2)
        command = self.resume_command(finished.out + finished.err)
        before = points_done(self.folder / "a.h5")
        again = self.paste(command)
        self.assertEqual(again.code, 75, str(again))
        self.assertGreater(points_done(self.folder / "a.h5"), before, "the command did nothing")
        # Then with another limit than the file was begun with, which is no other job.
        self.limited("3", *LONG, "--resume")

    def test_no_block_is_begun_that_would_end_after_it(self):
        # Blocks of a second and more, so that starting and ending do not matter.
        blocks = ["job.yaml", "--progress", "none", "--set", "output.store=[solution]", "--set", "run.block=5000"]
        probe = self.call("run", *blocks, "--set", "sweep.samples=5000", "-o", "probe.h5")
        self.assertIn("5,000 of 5,000 done", probe.out)
        block = float(re.search(r"blocks +1, the longest ([\d.]+) s", probe.out).group(1))
        limit = 1.0 + 2.6 * block
        start = time.monotonic()
        finished = self.limited(f"{limit:.2f}", *blocks, "--set", "sweep.samples=100000")
        seconds = time.monotonic() - start
        longest = float(re.search(r"blocks +\d+, the longest ([\d.]+) s", finished.out).group(1))
        # How long the first one takes cannot be known before.
        self.assertTrue(points_done(self.folder / "a.h5") == 5000 or seconds < limit + 0.3 * longest,
                        f"{seconds} s for a limit of {limit} s\n{finished}")

    def test_no_time_at_all(self):
        self.limited("0.001", *LONG)
        self.assertEqual(points_done(self.folder / "a.h5"), 0)


class Commands(SignalTest):
    def test_names_and_settings_with_blanks_and_quotes(self):
        name = "it's a \"scan\" of $HOME.h5"
        settings = [*SCAN, "--set", "sweep.parameters.k2={range: [10, 900], scale: log}"]
        process = self.start_and_see(name, *settings)
        process.send_signal(signal.SIGTERM)
        finished = process.finish(60)
        self.assertEqual(finished.code, 75, str(finished))
        resumed = self.paste(self.resume_command(finished.out + finished.err))
        self.assertEqual(resumed.code, 0, str(resumed))
        self.assertEqual(points_done(self.folder / name), SAMPLES)

    def test_an_interrupted_resume_prints_it_once_more(self):
        for flag in ("--resume", "--overwrite"):
            with self.subTest(flag=flag):
                process = self.start_and_see("a.h5", *SCAN, flag, done=points_done(self.folder / "a.h5") % 600 + 1)
                process.send_signal(signal.SIGTERM)
                finished = process.finish(60)
                self.assertEqual(finished.code, 75, str(finished))
                command = self.resume_command(finished.out + finished.err)
                self.assertEqual(command.count("--resume"), 1)
                self.assertNotIn("--overwrite", command, "what was done would be thrown away")
        self.goes_on(finished)


if __name__ == "__main__":
    unittest.main()
