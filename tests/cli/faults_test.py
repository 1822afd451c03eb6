"""Faults before the start and under way: a message that names file and cause, a code, and a file to go on with."""
import ctypes
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import time
import unittest

from program import (PROGRAM, ProgramTest, Started, command_line, contents, kill, need, points_done, processes,
                     rank_processes, wait_until)

h5py = need("h5py")
numpy = need("numpy")

SMALL = ["job.yaml", "--progress", "none", "--set", "sweep.samples=400"]
LONG = ["job.yaml", "--progress", "none", "--set", "sweep.samples=100000", "--set", "output.store=[solution]"]
SOON = 30  # seconds within which a fault ends a run, on a busy machine
PAGE = os.sysconf("SC_PAGESIZE")


class FaultTest(ProgramTest):
    def ends(self, process, *says, code=1):
        """Exit code 1 soon, and these words in the message."""
        start = time.monotonic()
        finished = process.finish(SOON)
        self.assertLess(time.monotonic() - start, SOON - 1, str(finished))
        self.assertEqual(finished.code, code, str(finished))
        for words in (*says, "gluesweep: error"):
            self.assertIn(words, finished.err, str(finished))
        self.assertTrue(wait_until(lambda: not processes(process.mark), 10), "a rank was left behind")
        return finished


class UnderWay(FaultTest):
    def test_the_file_is_removed(self):
        for ranks in (None, 2):
            process = self.start_and_see("a.h5", *LONG, ranks=ranks)
            (self.folder / "a.h5").unlink()
            self.ends(process, "a.h5", "removed")
            self.assertEqual(self.files(), ["job.yaml"])

    def test_its_folder_is_removed(self):
        (self.folder / "results").mkdir()
        process = self.start_and_see("results/a.h5", *LONG, ranks=2)
        shutil.rmtree(self.folder / "results")
        self.ends(process, "results/a.h5", "removed")

    def test_the_file_is_replaced(self):
        self.call("run", *SMALL, "-o", "b.h5")
        other = (self.folder / "b.h5").read_bytes()
        process = self.start_and_see("a.h5", *LONG, ranks=2)
        (self.folder / "b.h5").rename(self.folder / "a.h5")
        self.ends(process, "a.h5", "replaced")
        self.assertEqual((self.folder / "a.h5").read_bytes(), other, "the run wrote into a file that is not its own")

    def test_the_file_is_truncated(self):
        for ranks in (None, 2):
            process = self.start_and_see("a.h5", *LONG, ranks=ranks)
            size = (self.folder / "a.h5").stat().st_size
            os.truncate(self.folder / "a.h5", size // 2)
            self.ends(process, "a.h5", "truncated")
            (self.folder / "a.h5").unlink()

    def test_a_limit_on_the_size_of_files(self):
        for ranks in (None, 2):
            process = self.start_and_see("a.h5", *LONG, ranks=ranks)
            for pid in rank_processes(process.mark).values():
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            self.ends(process, "a.h5", "File too large")
            before = points_done(self.folder / "a.h5")
            self.assertGreater(before, 0)
            self.call("run", *LONG, "-o", "a.h5", "--resume", "--set", "run.time_limit=3", code=75)
            self.assertGreater(points_done(self.folder / "a.h5"), before)
            (self.folder / "a.h5").unlink()

    def test_a_rank_dies(self):
        for number in (signal.SIGSEGV, signal.SIGKILL):
            with self.subTest(signal=number.name):
                process = self.start_and_see("a.h5", *LONG, ranks=3)
                before = points_done(self.folder / "a.h5")
                kill([rank_processes(process.mark)[2]], number)
                start = time.monotonic()
                finished = process.finish(SOON)
                self.assertLess(time.monotonic() - start, SOON - 1, str(finished))
                self.assertNotIn(finished.code, (0, 75), str(finished))
                self.assertRegex(finished.out + finished.err, r"rank 2\b")
                self.assertTrue(wait_until(lambda: not processes(process.mark), 10), "a rank was left behind")
                self.call("run", *LONG, "-o", "a.h5", "--resume", "--set", "run.time_limit=3", code=75)
                self.assertGreater(points_done(self.folder / "a.h5"), before)
                (self.folder / "a.h5").unlink()


def punch(path, first_row):
    """Takes the disk space of the numbers of the rows from first_row on away: they are marked pending, and writing
    them needs it back."""
    libc = ctypes.CDLL(None, use_errno=True)
    keep_size_and_punch = 1 | 2
    with h5py.File(path, "r+") as file:
        file["status"][first_row:] = 0
        heads = file["network/head"]
        row = heads.dtype.itemsize * heads.shape[1] * heads.shape[2]
        start = heads.id.get_offset()
        first = -(-(start + first_row * row) // PAGE) * PAGE
        last = (start + len(heads) * row) // PAGE * PAGE
    with open(path, "r+b") as file:
        if libc.fallocate(file.fileno(), keep_size_and_punch, ctypes.c_long(first), ctypes.c_long(last - first)):
            sys.exit(f"fallocate: {os.strerror(ctypes.get_errno())}")


def fill(folder):
    """Leaves no byte on the folder's file system."""
    with open(folder / "filler", "wb", buffering=0) as file:
        try:
            while file.write(b"\0" * PAGE):
                pass
        except OSError:
            return


class FullDisk(FaultTest):
    """In a namespace of its own (unshare -m), see main() below."""

    def setUp(self):
        super().setUp()
        if not os.environ.get("GLUESWEEP_TEST_NAMESPACE"):
            self.skipTest("NOT TESTED: a full disk (it takes root and unshare -m)")
        job = (self.folder / "job.yaml").read_text()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3000k", "none", self.folder], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.folder], check=True)
        (self.folder / "job.yaml").write_text(job)

    def test_too_small_from_the_start(self):
        finished = self.call("run", *SMALL, "--set", "sweep.samples=4000", "-o", "a.h5", code=2)
        self.assertRegex(finished.err, r"a\.h5 will need \d+ MB, but its file system has \d+ MB left")
        self.assertEqual(self.files(), ["job.yaml"])

    def test_full_under_way(self):
        self.call("run", *SMALL, "-o", "a.h5")
        expected = contents(self.folder / "a.h5")
        punch(self.folder / "a.h5", 100)
        fill(self.folder)
        for ranks in (None, 2):
            process = self.start("run", *SMALL, "-o", "a.h5", "--resume", ranks=ranks)
            self.ends(process, "a.h5", "No space left on device")
            with h5py.File(self.folder / "a.h5", "r") as file:
                done = file["status"][:] > 0
                self.assertGreaterEqual(done.sum(), 100)
                self.assertFalse(done.all())
                heads = numpy.frombuffer(expected["network/head"]).reshape(file["network/head"].shape)
                self.assertEqual(file["network/head"][:][done].tobytes(), heads[done].tobytes(),
                                 "a row has a status but not its numbers")
        (self.folder / "filler").unlink()
        self.call("run", *SMALL, "-o", "a.h5", "--resume", ranks=2)
        self.equal("a.h5", expected)


class BeforeTheStart(FaultTest):
    def test_a_limit_on_the_size_of_files(self):
        # Some 50 MB; Open MPI itself needs a few for its shared memory.
        command = command_line("run", "job.yaml", "--progress", "none", "--set", "sweep.samples=20000", "-o", "a.h5")
        process = Started(["bash", "-c", 'ulimit -f 32000 && exec "$@"', "bash", *command], self.folder)
        finished = self.ends(process, "a.h5", "File too large")
        self.assertNotIn("HDF5_USE_FILE_LOCKING", finished.err)
        self.assertEqual(self.files(), ["job.yaml"], "half a file was left behind")

    def test_a_folder_that_is_read_only(self):
        locked = self.folder / "locked"
        locked.mkdir()
        shutil.copy(self.folder / "job.yaml", locked)
        readable = command_line("run", *SMALL, "-o", "locked/a.h5")
        if os.geteuid() == 0:  # whom permissions do not stop
            if not os.environ.get("GLUESWEEP_TEST_NAMESPACE"):
                self.skipTest("NOT TESTED: a read-only folder (as root it takes unshare -m)")
            subprocess.run(["mount", "--bind", "-o", "ro", locked, locked], check=True)
            self.addCleanup(subprocess.run, ["umount", "-l", locked], check=True)
        else:
            locked.chmod(0o555)
            self.addCleanup(locked.chmod, 0o755)
        finished = Started(readable, self.folder).finish(60)
        self.assertEqual(finished.code, 2, str(finished))
        self.assertRegex(finished.err, r"locked/a\.h5 cannot be created: the directory locked is not writable")

    def test_a_file_that_is_read_only(self):
        self.call("run", *SMALL, "-o", "a.h5")
        with h5py.File(self.folder / "a.h5", "r+") as file:
            file["status"][9:] = 0
        before = (self.folder / "a.h5").read_bytes()
        if os.geteuid() == 0:
            if not os.environ.get("GLUESWEEP_TEST_NAMESPACE"):
                self.skipTest("NOT TESTED: a read-only file (as root it takes unshare -m)")
            subprocess.run(["mount", "--bind", "-o", "ro", self.folder, self.folder], check=True)
            self.addCleanup(subprocess.run, ["umount", "-l", self.folder], check=True)
        else:
            (self.folder / "a.h5").chmod(0o444)
        for ranks in (None, 2):
            finished = self.call("run", *SMALL, "-o", "a.h5", "--resume", ranks=ranks, code=2)
            self.assertIn("a.h5", finished.err)
            self.assertRegex(finished.err, "not writable|Read-only file system|Permission denied|read-only")
        self.assertEqual((self.folder / "a.h5").read_bytes(), before)

    def test_a_file_that_another_program_has_locked(self):
        self.call("run", *SMALL, "-o", "a.h5")
        with h5py.File(self.folder / "a.h5", "r+") as file:
            file["status"][9:] = 0
        with h5py.File(self.folder / "a.h5", "r+") as file:
            for ranks in (None, 2):
                for flag in ("--resume", "--overwrite"):
                    with self.subTest(ranks=ranks, flag=flag):
                        refused = self.call("run", *SMALL, "-o", "a.h5", flag, ranks=ranks, code=2)
                        self.assertIn("HDF5_USE_FILE_LOCKING", refused.err)
                        self.assertNotIn("not a sweep file", refused.err)
                        self.assertEqual(refused.err.count("HDF5_USE_FILE_LOCKING"), 1, "one message for all ranks")
            self.assertEqual(int((file["status"][:] > 0).sum()), 9)
        self.call("run", *SMALL, "-o", "a.h5", "--resume")
        self.assertEqual(points_done(self.folder / "a.h5"), 400)

    def test_a_gpu_that_is_not_there(self):
        self.call("run", *SMALL, "-o", "a.h5")
        before = (self.folder / "a.h5").read_bytes()
        for device in ("cuda", "cuda:3"):
            for flag in ([], ["--resume"], ["--overwrite"]):
                with self.subTest(device=device, flag=flag):
                    path = "a.h5" if flag else "b.h5"
                    refused = self.call("run", *SMALL, "-o", path, "--device", device, *flag, code=2,
                                        CUDA_VISIBLE_DEVICES="")
                    self.assertIn("no CUDA device is visible", refused.err)
                    self.assertEqual(self.files(), ["a.h5", "job.yaml"])
        self.assertEqual((self.folder / "a.h5").read_bytes(), before)


def main():
    """As root the tests run in a mount namespace, in which a disk of a few megabytes can be mounted."""
    own = "GLUESWEEP_TEST_NAMESPACE"
    unshare = ["unshare", "--mount", "--propagation", "private"]
    if os.geteuid() == 0 and not os.environ.get(own) and subprocess.run([*unshare, "true"]).returncode == 0:
        os.environ[own] = "1"
        os.execvp(unshare[0], [*unshare, sys.executable, str(pathlib.Path(__file__).resolve()), *sys.argv[1:]])
    assert os.access(PROGRAM, os.X_OK)
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
