"""A real Slurm of several nodes on this machine: munged, slurmctld and one slurmd a node, without systemd.

Each node has process numbers, a host name and a /dev/shm of its own where namespaces are allowed (for root, outside
of locked-down containers), so that MPI sees as many machines. Everything lives in one short folder under /tmp and
on ports that were free, so several clusters can run beside each other; nothing outlives the process that started it.
"""
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOOLS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "sinfo", "scancel")
SBIN = "/usr/sbin:/sbin"

CONFIGURATION = """\
ClusterName=gluesweep
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={root}/munge/socket,cred_expire=5
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd.%n.pid
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool.%n
TmpFS={root}/tmp.%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu
MpiDefault=none
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1,sched_min_interval=100000
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
OverTimeLimit=0
SlurmctldTimeout=30
SlurmdTimeout=30
"""

# Name, processors, GPUs and partition of each node.
NODES = (*((f"n{i}", 2, 0, "cpu") for i in range(1, 9)), ("n9", 3, 2, "gpu"), ("n10", 3, 2, "gpu"))

NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} RealMemory=4000 " \
       "Gres=gpu:{gpus} State=UNKNOWN\n"
PARTITION = "PartitionName={name} Nodes={nodes} Default={default} MaxTime=INFINITE DefaultTime=5 State=UP\n"


def path_with_sbin():
    return f"{os.environ.get('PATH', '')}:{SBIN}"


def missing_tools():
    return [tool for tool in TOOLS if shutil.which(tool, path=path_with_sbin()) is None]


def namespaces_work():
    """Whether nodes can have process numbers, host names and mounts of their own."""
    try:
        return subprocess.run([*SEPARATE, "hostname", "gluesweep"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def enter_namespace():
    """Starts this program again where the kernel ends all it started when it ends, however that comes about."""
    if os.getpid() != 1 and namespaces_work():
        os.execvp(SEPARATE[0], [*SEPARATE, sys.executable, *sys.argv])


SEPARATE = ("unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")


@contextlib.contextmanager
def free_ports(count):
    """Ports that nobody uses: held until the block is left, when the daemons may take them."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        yield [each.getsockname()[1] for each in sockets]


class Cluster:
    """Starts on entering a with statement, ends on leaving it."""

    def __init__(self):
        self.names = [name for name, *_ in NODES]
        self.separate = namespaces_work()
        self.daemons = {}

    # --- start and stop -----------------------------------------------------------------------------------------

    def __enter__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="gs", dir="/tmp"))
        self.root.chmod(0o755)
        try:
            self.configure()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in reversed(list(self.daemons)):
            self.end(name)
        shutil.rmtree(self.root, ignore_errors=True)

    def configure(self):
        for folder in ("munge", "state", "log", *(f"spool.{name}" for name in self.names)):
            (self.root / folder).mkdir(mode=0o755)
        for name in self.names:
            (self.root / f"tmp.{name}").mkdir()
        key = self.root / "munge" / "key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        with free_ports(1 + len(self.names)) as ports:
            self.port, *self.node_ports = ports
        (self.root / "slurm.conf").write_text(self.configuration())
        (self.root / "gres.conf").write_text(self.devices())
        self.environment = {**os.environ, "SLURM_CONF": str(self.root / "slurm.conf"), "PATH": path_with_sbin()}
        foreign = ("SLURM_JOB", "SBATCH_", "SRUN_", "PMIX_", "OMPI_MCA_pml")
        for name in [name for name in self.environment if name.startswith(foreign)]:
            del self.environment[name]

    def configuration(self):
        host = socket.gethostname().split(".")[0]
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        text = CONFIGURATION.format(root=self.root, host=host, port=self.port, user=user)
        for (name, cpus, gpus, _), port in zip(NODES, self.node_ports):
            text += NODE.format(name=name, host=name if self.separate else host, port=port, cpus=cpus, gpus=gpus)
        for partition, default in (("cpu", "YES"), ("gpu", "NO")):
            nodes = ",".join(name for name, _, _, of in NODES if of == partition)
            text += PARTITION.format(name=partition, nodes=nodes, default=default)
        return text

    def devices(self):
        """Devices that stand for GPUs: enough for Slurm to hand them out."""
        text = ""
        for name, _, gpus, _ in NODES:
            for index in range(gpus):
                device = self.root / f"{name}.gpu{index}"
                device.symlink_to("/dev/null")
                text += f"NodeName={name} Name=gpu Flags=nvidia_gpu_env File={device}\n"
        return text

    def start(self):
        munge = self.root / "munge"
        self.launch("munged", "munged", "--foreground", "--force", f"--key-file={munge}/key", f"--socket={munge}/socket",
                    f"--pid-file={munge}/pid", f"--log-file={munge}/log", f"--seed-file={munge}/seed")
        self.wait_for(lambda: (munge / "socket").exists(), "munged's socket")
        self.launch("slurmctld", "slurmctld", "-D", "-c")
        for name in self.names:
            self.start_node(name)
        self.wait_for(lambda: self.idle_nodes() == sorted(self.names), "all nodes to be idle")

    def start_node(self, name):
        command = ["slurmd", "-D", "-N", name]
        if self.separate:
            # The shell is the node's first process: it reaps what the daemons leave.
            script = f"hostname {name}; mount -t tmpfs tmpfs /dev/shm; {' '.join(command)} & wait"
            command = [*SEPARATE, "sh", "-c", script]
        self.launch(name, *command)

    def launch(self, name, *command):
        with open(self.root / "log" / name, "ab") as log:
            command = ["setpriv", "--pdeathsig", "KILL", *command]  # should the test be killed
            self.daemons[name] = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                                                  stderr=log, start_new_session=True)

    def end(self, name):
        """Ends a daemon and, where nodes are separate, everything that runs on its node, at once."""
        daemon = self.daemons.pop(name)
        if name in self.names and not self.separate:
            self.kill_processes_of(name)
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()

    def kill_processes_of(self, node):
        """Tasks and batch scripts of a node without namespaces, and the daemons that they are children of."""
        mark = f"SLURMD_NODENAME={node}".encode()
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, ValueError):
                if mark not in (folder / "environ").read_bytes().split(b"\0"):
                    continue
                if str(self.root).encode() not in (folder / "environ").read_bytes():
                    continue
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if "slurmstepd" in pathlib.Path(f"/proc/{parent}/comm").read_text():
                    os.kill(parent, signal.SIGKILL)
                os.kill(int(folder.name), signal.SIGKILL)

    def wait_for(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            dead = [name for name, daemon in self.daemons.items() if daemon.poll() is not None]
            if dead or time.monotonic() > end:
                raise RuntimeError(f"waited in vain for {what}; ended: {dead}\n{self.logs()}")
            time.sleep(0.05)

    def logs(self):
        """The end of every daemon's log."""
        paths = [*sorted((self.root / "log").iterdir()), self.root / "munge" / "log"]
        return "\n".join(f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-20:])
                         for path in paths if path.exists())

    # --- commands -----------------------------------------------------------------------------------------------

    def command(self, *words, check=True):
        """Output of one of Slurm's commands."""
        done = subprocess.run(list(map(str, words)), env=self.environment, capture_output=True, text=True, timeout=60)
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, words))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def idle_nodes(self):
        return sorted(set(self.command("sinfo", "-h", "-N", "-t", "idle", "-o", "%N", check=False).split()))

    def set_node(self, name, state):
        self.command("scontrol", "update", f"nodename={name}", f"state={state}", "reason=test")

    def details(self, job):
        """What `scontrol show job` says, as {key: value}: of the first task of an array."""
        text = self.command("scontrol", "show", "job", "-o", job).splitlines()[0]
        return dict(word.split("=", 1) for word in text.split() if "=" in word)

    def nodes_of(self, job):
        return self.command("scontrol", "show", "hostnames", self.details(job)["NodeList"]).split()

    def state(self, job):
        return self.details(job)["JobState"]
