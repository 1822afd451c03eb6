"""The batch scripts of slurm/ on a real Slurm: submitted as they are, interrupted, requeued, and their files compared."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "cli"))

import cluster  # noqa: E402
from program import JOB, MPIEXEC, PROGRAM, SOURCE, need  # noqa: E402

h5py = need("h5py")

POINTS = 600
PROGRESS = re.compile(r"\d of [\d,]+ points \(")
VARYING = {"seconds"}  # wall time

# The program, standing still most of the time in a job's first start, once its file (the fourth word) is there: it
# lasts a minute and takes little processor time. Signals to all of the job's processes leave the brake alone.
SLOW = """\
#!/bin/bash
if [ "$1" = run ] && [ "${{SLURM_RESTART_COUNT:-0}}" = 0 ] && [[ "$*" != *--dry-run* ]]; then
  (trap '' USR1 TERM
   until [ -e "$4" ]; do sleep 0.1; done
   while kill -STOP $$; do sleep 1.5; kill -CONT $$; sleep 0.02; done) >/dev/null 2>&1 &
fi
exec '{program}' "$@"
"""

# Plans as on a machine whose GPUs LibTorch can use; computes on the CPU.
WITH_GPUS = """\
#!/bin/bash
set -o pipefail
'{program}' "$@" | sed 's/^  device    cpu$/  device    cuda:0/'
"""

# Stops early and finishes nothing.
USELESS = """\
#!/bin/bash
if [ "$1" = run ] && [[ "$*" != *--dry-run* ]]; then exit 75; fi
exec '{program}' "$@"
"""


def contents(path):
    """{name: raw bytes} of all datasets."""
    found = {}
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, item: found.update({name: item[()].tobytes()})
                        if isinstance(item, h5py.Dataset) and name not in VARYING else None)
    return found


class SlurmTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.slurm = cls.enterClassContext(cluster.Cluster())
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="gluesweep_"))
        cls.folder = pathlib.Path(folder)
        cls.environment = {
            **cls.slurm.environment, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMPI_MCA_mpi_yield_when_idle": "1",
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "GLUESWEEP_MPIRUN": MPIEXEC}
        if not cls.slurm.separate:  # ranks of two nodes would look for each other's shared memory
            cls.environment["OMPI_MCA_btl"] = "tcp,self"
        (cls.folder / "job.yaml").write_text(JOB.replace("samples: 20", f"samples: {POINTS}"))
        cls.programs = {"plain": PROGRAM}
        for name, text in {"slow": SLOW, "with_gpus": WITH_GPUS, "useless": USELESS}.items():
            cls.programs[name] = str(cls.folder / name)
            (cls.folder / name).write_text(text.format(program=PROGRAM))
            (cls.folder / name).chmod(0o755)
        cls.interrupt_jobs()
        cls.run_here("job.yaml", "-o", "reference.h5")
        cls.reference = contents(cls.folder / "reference.h5")
        # The second start would be warned at once: the limit that was set is shorter than --signal's time.
        cls.wait_until(cls.jobs["warned"], lambda: "requeued with" in cls.log(cls.jobs["warned"]), "requeue")
        cls.slurm.command("scontrol", "update", f"jobid={cls.jobs['warned']}", "timelimit=60")

    @classmethod
    def interrupt_jobs(cls):
        """Interrupts jobs in all ways. They need time to come back, in which the other tests run."""
        script = cls.folder / "plain.sbatch"
        script.write_text("#!/bin/bash\n"
                          "OMPI_MCA_osc=^ucx srun --mpi=pmix --ntasks=2 \"$GLUESWEEP_PROGRAM\" run job.yaml -o beyond.h5\n")
        ways = {
            # Slurm looks at time limits twice a minute.
            "beyond": cls.let_limit_come("2seconds"),
            "warned": cls.let_limit_come("5minutes"),
            "srun": lambda job: cls.slurm.command("scancel", "--batch", "--signal=USR1", job),
            "mpirun": lambda job: cls.slurm.command("scancel", "--batch", "--signal=USR1", job),
            "cancelled": lambda job: cls.slurm.command("scancel", job),
            "lost": cls.lose_node,
        }
        options = {"beyond": ["--exclusive", "--job-name=gluesweep", "--output=%x-%j.log"], "lost": ["--nodes=2"]}
        cls.jobs = {}
        for name in ways:
            words = [script] if name == "beyond" else ["requeue.sbatch", "job.yaml", "-o", f"{name}.h5"]
            cls.jobs[name] = cls.submit(*words, program="slow", options=options.get(name, ()), GLUESWEEP_CHECK="no",
                                        GLUESWEEP_LAUNCHER="mpirun" if name == "mpirun" else "srun")
        for name, interrupt in ways.items():
            cls.wait_for_progress(cls.jobs[name])
            interrupt(cls.jobs[name])

    @classmethod
    def let_limit_come(cls, left):
        return lambda job: cls.slurm.command("scontrol", "update", f"jobid={job}", f"endtime=now+{left}")

    @classmethod
    def lose_node(cls, job):
        """Ends all that runs on one of the job's nodes: not on that of the batch script, whose job ends with it anyway."""
        batch_host = cls.slurm.details(job)["BatchHost"]
        cls.lost = next(name for name in cls.slurm.nodes_of(job) if name != batch_host)
        cls.slurm.end(cls.lost)
        cls.slurm.set_node(cls.lost, "down")

    # --- tools --------------------------------------------------------------------------------------------------

    @classmethod
    def run_here(cls, *arguments):
        """An uninterrupted run without Slurm."""
        command = [MPIEXEC, "-n", "2", PROGRAM, "run", *arguments]
        done = subprocess.run(command, cwd=cls.folder, env=cls.environment, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise AssertionError(f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")

    @classmethod
    def submit(cls, script, *arguments, program="plain", options=(), **environment):
        """The number of a job that runs one of the scripts of slurm/, unedited, in the test's folder."""
        environment = {**cls.environment, "GLUESWEEP_PROGRAM": cls.programs[program], **environment}
        command = ["sbatch", "--parsable", *options, str(SOURCE / "slurm" / script), *map(str, arguments)]
        done = subprocess.run(command, cwd=cls.folder, env=environment, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.stderr}")
        return done.stdout.strip()

    @classmethod
    def log(cls, job):
        path = cls.folder / f"gluesweep-{job}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @classmethod
    def wait_until(cls, job, condition, what, seconds=120):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"job {job}: no {what} within {seconds} s: {cls.slurm.details(job)}\n{cls.log(job)}")
            time.sleep(0.2)

    @classmethod
    def wait_for_progress(cls, job):
        """Until the first block is in the file."""
        def progress():
            state = cls.slurm.state(job)
            if state not in ("PENDING", "CONFIGURING", "RUNNING"):
                raise AssertionError(f"job {job} is {state} before it began to compute\n{cls.log(job)}")
            return PROGRESS.search(cls.log(job))
        cls.wait_until(job, progress, "progress")

    def ended(self, job, state="COMPLETED", code=0, log=None):
        """Waits for the end of a job and returns its log, gluesweep-LOG.log."""
        over = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL")
        self.wait_until(job, lambda: self.slurm.state(job) in over, "end")
        details, log = self.slurm.details(job), self.log(log or job)
        self.assertEqual(details["JobState"], state, log)
        if code is not None:
            self.assertEqual(details["ExitCode"], f"{code}:0", log)
        return log

    def assert_reference(self, name, log=""):
        """The file holds all points, bit for bit as in an uninterrupted run."""
        found = contents(self.folder / name)
        self.assertEqual(found.keys(), self.reference.keys(), log)
        self.assertEqual([key for key in found if found[key] != self.reference[key]], [], f"{name} differs\n{log}")

    def assert_interrupted(self, name):
        """Some points are done, some are not."""
        with h5py.File(self.folder / name, "r") as file:
            status = file["status"][:]
        self.assertTrue((status > 0).any(), "nothing was done")
        self.assertTrue((status == 0).any(), "everything was done")
        return int((status > 0).sum())

    # --- one job ------------------------------------------------------------------------------------------------

    def test_single_node(self):
        for launcher in ("srun", "mpirun"):
            job = self.submit("single_node.sbatch", "job.yaml", "-o", f"one_{launcher}.h5", GLUESWEEP_LAUNCHER=launcher)
            log = self.ended(job)
            self.assertIn("ranks        2 (one a core)", log)
            self.assertIn(f"gluesweep in Slurm job {job}, start 1", log)
            self.assertRegex(log, rf"command +\S*{launcher if launcher == 'srun' else MPIEXEC} ")
            self.assertIn("MPI connects 2 ranks; the job is good", log)
            self.assertIn("exit code 0: complete", log)
            self.assertNotIn("warning", log)
            self.assert_reference(f"one_{launcher}.h5", log)

    def test_two_nodes(self):
        for launcher in ("srun", "mpirun"):
            job = self.submit("multi_node.sbatch", "job.yaml", "-o", f"two_{launcher}.h5", GLUESWEEP_LAUNCHER=launcher)
            log = self.ended(job)
            self.assertIn("ranks        4 (one a core)", log)
            self.assertIn("MPI connects 4 ranks; the job is good", log)
            self.assertEqual(len(set(re.findall(r"^  rank \d on (\w+)", log, re.M))), 2, log)
            self.assert_reference(f"two_{launcher}.h5", log)

    def test_gpus(self):
        """Devices are files here; what counts is how many ranks start, and which devices each of them sees."""
        gpu = ["--partition=gpu"]
        every = self.submit("single_node.sbatch", "job.yaml", "-o", "every.h5", program="with_gpus", options=gpu)
        own = self.submit("single_node.sbatch", "job.yaml", "-o", "own.h5", program="with_gpus",
                          options=[*gpu, "--ntasks=2", "--gpus-per-task=1"])
        log = self.ended(every)
        self.assertIn("ranks        2 (one a GPU)", log)
        self.assertEqual(re.findall(r"rank \d on n\d+, GPUs (\S+)", log), ["0,1", "0,1"], log)
        log = self.ended(own)
        self.assertEqual(sorted(re.findall(r"rank \d on n\d+, GPUs (\S+)", log)), ["0", "1"], log)

        across = self.submit("multi_node.sbatch", "job.yaml", "-o", "across.h5", program="with_gpus", options=gpu,
                             GLUESWEEP_LAUNCHER="mpirun")
        log = self.ended(across)
        self.assertEqual(re.findall(r"rank \d on n\d+, GPUs (\S+)", log), ["0,1"] * 4, log)

        log = self.ended(self.submit("single_node.sbatch", "job.yaml", "-o", "unused.h5", options=gpu))
        self.assertIn("ranks        3 (one a core)", log)
        self.assertIn("warning: there are 2 GPUs a node, but the job computes on CPUs", log)
        self.assert_reference("unused.h5", log)

    def test_exit_codes_and_messages(self):
        (self.folder / "bad.yaml").write_text(JOB.replace("samples: 20", "samples: many"))
        jobs = {
            "bad.yaml:": self.submit("single_node.sbatch", "bad.yaml"),
            "cannot read the job file 'missing.yaml'": self.submit("multi_node.sbatch", "missing.yaml"),
            "cannot write to the directory 'nowhere'": self.submit("requeue.sbatch", "job.yaml", "-o", "nowhere/a.h5"),
            "the program '/nowhere' is not there": self.submit("requeue.sbatch", "job.yaml", GLUESWEEP_PROGRAM="/nowhere"),
            "cannot start MPI programs by 'srun --mpi=pmix_v9'; it has:": self.submit(
                "single_node.sbatch", "job.yaml", GLUESWEEP_SRUN_MPI="pmix_v9"),
            "reference.h5 exists already": self.submit("single_node.sbatch", "job.yaml", "-o", "reference.h5"),
            "do not say how many parts the scan has": self.submit("array.sbatch", "job.yaml", options=["--array=3"]),
        }
        if self.slurm.separate:
            jobs["directory '/dev/shm' of the output file is not the same"] = self.submit(
                "multi_node.sbatch", "job.yaml", "-o", "/dev/shm/a.h5")
        for message, job in jobs.items():
            with self.subTest(message=message):
                log = self.ended(job, state="FAILED", code=2, log=f"{job}_3" if "parts" in message else job)
                self.assertIn(message, log)

    def test_ranks_that_mpi_does_not_connect(self):
        job = self.submit("single_node.sbatch", "job.yaml", GLUESWEEP_SRUN_MPI="none")
        log = self.ended(job, state="FAILED", code=None)
        self.assertRegex(log, "starting 2 ranks by 'srun .*' failed with exit code 1|MPI does not connect the ranks")
        self.assertIn("GLUESWEEP_LAUNCHER=srun or mpirun", log)

    def test_too_many_failed_points(self):
        job = self.submit("requeue.sbatch", "job.yaml", "-o", "failed.h5", "--set", "sweep.samples=20",
                          "--set", "training.tolerance=1e-13", "--max-failed", "0")
        self.assertIn("exit code 3: complete, but more points failed", self.ended(job, state="FAILED", code=3))

    # --- interruptions ------------------------------------------------------------------------------------------

    def test_requeue_after_signal(self):
        for launcher in ("srun", "mpirun"):
            self.assert_requeued(launcher)

    def test_requeue_before_time_limit(self):
        self.assert_requeued("warned")

    def assert_requeued(self, name):
        job = self.jobs[name]
        log = self.ended(job)
        self.assertEqual(self.slurm.details(job)["Restarts"], "1")
        self.assertIn("SIGUSR1 from Slurm", log)
        self.assertIn("exit code 75: stopped early", log)
        done = int(re.search(r"requeued with (\d+) points done, (\d+) of them now", log)[1])
        self.assertTrue(0 < done < POINTS, log)
        self.assertIn(f"gluesweep in Slurm job {job}, start 2", log)
        self.assertFalse((self.folder / f"{name}.h5.requeue").exists())
        self.assert_reference(f"{name}.h5", log)

    def test_beyond_time_limit(self):
        self.ended(self.jobs["beyond"], state="TIMEOUT", code=None)
        self.assert_interrupted("beyond.h5")
        self.ended(self.submit("single_node.sbatch", "job.yaml", "-o", "beyond.h5", "--resume"))
        self.assert_reference("beyond.h5")

    def test_cancelled_jobs_stay_cancelled(self):
        job = self.jobs["cancelled"]
        self.ended(job, state="CANCELLED", code=None)
        self.wait_until(job, lambda: not self.slurm.command("squeue", "-h", "-j", job), "end of its last processes")
        self.assertEqual(self.slurm.details(job)["Restarts"], "0")
        self.assert_interrupted("cancelled.h5")
        self.ended(self.submit("requeue.sbatch", "job.yaml", "-o", "cancelled.h5"))
        self.assert_reference("cancelled.h5")

    def test_useless_requeues_end(self):
        job = self.submit("requeue.sbatch", "job.yaml", "-o", "useless.h5", program="useless")
        log = self.ended(job, state="FAILED", code=75)
        self.assertIn("not requeued: 2 runs in a row finished no point of 'useless.h5' (0 are done).", log)
        self.assertEqual(self.slurm.details(job)["Restarts"], "1")
        self.assertFalse((self.folder / "useless.h5.requeue").exists())

    def test_lost_node(self):
        job = self.jobs["lost"]
        log = self.ended(job)
        self.assertEqual(self.slurm.details(job)["Restarts"], "1", log)
        self.assertNotIn(self.lost, self.slurm.nodes_of(job))
        self.assertRegex(log, r"goes on, [1-9]\d* of 600 points done")
        self.assert_reference("lost.h5", log)

    # --- arrays -------------------------------------------------------------------------------------------------

    def test_array_and_merge(self):
        array = self.submit("array.sbatch", "job.yaml", "-o", "whole.h5", options=["--array=1-4"])
        options = [f"--dependency=afterok:{array}", "--kill-on-invalid-dep=yes", "--output=merge.log"]
        merge = self.submit_command(f"{PROGRAM} merge whole.*-of-4.h5 -o whole.h5", options)
        self.wait_until(merge, lambda: self.slurm.state(merge) in ("COMPLETED", "FAILED", "CANCELLED"), "end")
        logs = "\n".join(self.log(f"{array}_{part}") for part in range(1, 5))
        self.assertEqual(self.slurm.state(merge), "COMPLETED", logs)
        self.assertIn("whole.3-of-4.h5", logs)
        self.assertIn(f"sbatch --dependency=afterok:{array}", logs)
        self.assert_reference("whole.h5", logs)

    def submit_command(self, command, options):
        done = subprocess.run(["sbatch", "--parsable", *options, "--wrap", command], cwd=self.folder, env=self.environment,
                              capture_output=True, text=True, check=True)
        return done.stdout.strip()


def mpi_crashed(result):
    """Whether ranks died before the program said a word: Open MPI 4's start over PMIx does that once in some hundred times
    where several nodes are one machine, to a program of MPI_Init and MPI_Finalize as well."""
    texts = [text for _, text in [*result.errors, *result.failures]]
    return any("Signal: Segmentation fault" in text and "  problem " not in text and "  points " not in text for text in texts)


def main():
    missing = cluster.missing_tools()
    if missing:
        required = os.environ.get("GLUESWEEP_REQUIRE_SLURM") == "1"
        print("=" * 100, f"{'FAILED' if required else 'SKIPPED'}: the batch scripts in slurm/ were NOT tested, because Slurm is "
              f"not installed (no {', '.join(missing)}).", "Install it: cmake/install_packages.sh --with-slurm", "=" * 100,
              sep="\n", file=sys.stderr)
        sys.exit(1 if required else 77)
    cluster.enter_namespace()
    result = unittest.main(exit=False).result
    if mpi_crashed(result):
        print("=" * 100, "MPI crashed in its own start; all tests once more", "=" * 100, sep="\n", file=sys.stderr)
        result = unittest.main(exit=False).result
    sys.exit(0 if result.wasSuccessful() else 1)


if __name__ == "__main__":
    main()
