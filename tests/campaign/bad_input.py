"""A campaign of bad jobs, lists, expressions, sweep files and command lines against the program.

Each case must end in time with exit code 2 (or, where a mutation is good input by chance, with 0 or 3) and a message
that names the place and a remedy; without a crash, a sanitizer's report, or a file left behind.

    python3 tests/campaign/bad_input.py --program build/sanitized/gluesweep --cases 600 --seed 1
    python3 tests/campaign/bad_input.py --program ... --seed 1 --only "job 17"    one case, as a violation names it

Prints a table of kinds, exit codes and times, and every violation; the exit code is 1 where there was one.
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import os
import pathlib
import random
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import command_cases
import emulator_cases
import expression_cases
import file_cases
import job_cases
import list_cases
from cases import Fifo, Folder, Material

KINDS = {"job": job_cases, "list": list_cases, "expression": expression_cases, "file": file_cases,
         "command": command_cases, "emulator": emulator_cases}

MOST_SECONDS = 5.0  # of processor time: waiting for a busy machine does not count ...
HANGS = 120.0  # ... and a wait for anything else ends here
MOST_MEGABYTES = 4000
REPORT = re.compile(r"ERROR: AddressSanitizer|runtime error:|AddressSanitizer:|DEADLYSIGNAL|UndefinedBehaviorSanitizer")
# The readers of jobs write a line of its own for it; others a sentence in the imperative.
REMEDY = re.compile(r"\n  \S|(?i:\b(accepted|choose|correct|give|go on|leave|look|move|narrow|remove|restore|run|see|use|wait"
                    r"|write)\b)")
ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1:exitcode=99",
               "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1:exitcode=99",
               "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMPI_ALLOW_RUN_AS_ROOT": "1",
               "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
               "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe"}

WITHOUT_LAUNCHER = {"OMPI_MCA_ess_singleton_isolated": "1"}


@dataclasses.dataclass
class Outcome:
    code: int
    out: str
    err: str
    seconds: float
    megabytes: float
    hung: bool = False


@dataclasses.dataclass
class Violation:
    case: object
    label: str
    problems: list
    outcome: Outcome
    folder: pathlib.Path


def call(command, folder, environment):
    """Runs a command in a folder; processor time and memory are those of the command and its children."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   env={**os.environ, **ENVIRONMENT, **environment}, start_new_session=True)
        hung = threading.Event()

        def end():
            hung.set()
            os.killpg(process.pid, 9)

        timer = threading.Timer(HANGS, end)
        timer.start()
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (20, 20))
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    return Outcome(process.returncode, *texts, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, hung.is_set())


def place_files(files, folder):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Folder):
            path.mkdir()
        elif isinstance(content, Fifo):
            os.mkfifo(path)
        else:
            path.write_bytes(content)


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
            for path in sorted(folder.rglob("*"))}


def changed_files(before, after):
    """What was made, changed or removed."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name, "") != after.get(name, ""))


def problems_of(case, outcome, changed):
    problems = []
    if outcome.hung:
        problems.append(f"hangs: ended after {HANGS:.0f} s")
    elif outcome.code not in case.codes:
        accepted = ", ".join(map(str, sorted(case.codes)))
        problems.append(f"exit code {outcome.code} instead of {accepted}")
    if REPORT.search(outcome.err):
        problems.append("report of a sanitizer")
    if outcome.seconds > MOST_SECONDS:
        problems.append(f"{outcome.seconds:.1f} s of processor time")
    if outcome.megabytes > MOST_MEGABYTES:
        problems.append(f"{outcome.megabytes:.0f} MB of memory")
    allowed = case.changes if outcome.code in (0, 3) else frozenset()
    left = [name for name in changed if name not in allowed]
    if left:
        problems.append("made, changed or removed " + ", ".join(left))
    if outcome.code == 2:
        problems += problems_of_message(case, outcome.err)
    return problems


def problems_of_message(case, message):
    problems = []
    if not re.search(case.place or r"(?m)^\S.*: \S", message):
        problems.append("the message does not name the place" + (f" (no {case.place!r})" if case.place else ""))
    if not REMEDY.search(message):
        problems.append("the message says no remedy")
    if len(message) > 4000:
        problems.append(f"the message has {len(message)} characters")
    if any(ord(character) < 32 and character != "\n" or character == "\x7f" for character in message):
        problems.append("the message has control characters")
    if "\ufffd" in message:
        problems.append("the message is not UTF-8")
    return problems


class Campaign:
    def __init__(self, options, keep):
        self.options, self.keep = options, keep
        self.outcomes = collections.defaultdict(list)  # kind -> (case label, outcome)
        self.violations = []

    def command(self, case):
        words = [str(self.options.program), *case.arguments]
        return [self.options.mpiexec, "-n", str(case.ranks), *words] if case.ranks else words

    def run(self, label, case):
        with tempfile.TemporaryDirectory(prefix="gluesweep_bad_") as name:
            folder, scratch = pathlib.Path(name) / "work", pathlib.Path(name) / "tmp"
            folder.mkdir()
            scratch.mkdir()
            place_files(case.files, folder)
            before = contents(folder)
            # Single processes of Open MPI, which need no launcher then, share the name of their scratch folder.
            more = {"TMPDIR": str(scratch)} if case.ranks else {"TMPDIR": str(scratch), **WITHOUT_LAUNCHER}
            outcome = call(self.command(case), folder, more)
            problems = problems_of(case, outcome, changed_files(before, contents(folder)))
            self.outcomes[case.kind].append((label, outcome))
            if problems:
                self.report(Violation(case, label, problems, outcome, self.kept(label, case)))

    def kept(self, label, case):
        """A folder with the files of a violation and the command that shows it."""
        folder = self.keep / label.replace(" ", "_")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        place_files(case.files, folder)
        (folder / "command.sh").write_bytes(os.fsencode(shlex.join(self.command(case))) + b"\n")
        return folder

    def report(self, violation):
        self.violations.append(violation)
        outcome = violation.outcome
        print(f"\nVIOLATION {violation.label} ({violation.case.name}): {'; '.join(violation.problems)}\n"
              f"  again:   --seed {self.options.seed} --only {shlex.quote(violation.label)}, "
              f"or sh command.sh in {violation.folder}\n"
              f"  command: {shortened(shlex.join(violation.case.arguments), 300)}\n"
              f"  exit code {outcome.code}, {outcome.seconds:.1f} s, {outcome.megabytes:.0f} MB\n"
              f"  standard error:\n{indented(shortened(outcome.err, 3000))}", flush=True)

    def run_all(self, cases):
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            for future in [pool.submit(self.run, label, case) for label, case in cases]:
                future.result()

    def table(self):
        print(f"\n{'kind':<12}{'cases':>6}{'refused':>9}{'accepted':>10}{'violations':>12}{'slowest':>10}"
              f"{'memory':>10}  slowest case")
        for kind, outcomes in self.outcomes.items():
            codes = collections.Counter(outcome.code for _, outcome in outcomes)
            label, slowest = max(outcomes, key=lambda entry: entry[1].seconds)
            bad = sum(violation.case.kind == kind for violation in self.violations)
            memory = max(outcome.megabytes for _, outcome in outcomes)
            print(f"{kind:<12}{len(outcomes):>6}{codes[2]:>9}{codes[0] + codes[3]:>10}{bad:>12}"
                  f"{slowest.seconds:>8.1f} s{memory:>7.0f} MB  {label}")
        total = sum(map(len, self.outcomes.values()))
        print(f"{total} cases, {len(self.violations)} violations", flush=True)


def shortened(text, most):
    return text if len(text) <= most else text[:most] + f"... ({len(text)} characters)"


def indented(text):
    return "".join(f"    {line}\n" for line in text.splitlines())


def chosen_cases(material, options):
    """(label, case): written ones, up to half of the campaign when that is short, and as many mutations as it takes."""
    kinds = options.kinds or list(KINDS)
    written = [(f"{kind} w{index}", case) for kind in kinds for index, case in enumerate(KINDS[kind].written(material))]
    if len(written) > options.cases // 2:
        random.Random(options.seed).shuffle(written)
        written = written[:(options.cases + 1) // 2]
    cases = written
    index = 0
    while len(cases) < options.cases:
        kind = kinds[index % len(kinds)]
        number = index // len(kinds)
        cases.append((f"{kind} {number}", mutation(kind, number, material, options.seed)))
        index += 1
    return cases


def mutation(kind, number, material, seed):
    return KINDS[kind].mutated(material, random.Random(f"{seed} {kind} {number}"))


def case_of(label, material, seed):
    kind, number = label.split()
    if number.startswith("w"):
        return KINDS[kind].written(material)[int(number[1:])]
    return mutation(kind, int(number), material, seed)


def sanitized(program):
    """Is this a program that reports what the sanitizers see?"""
    content = program.read_bytes()
    return b"__asan_init" in content and b"__ubsan_handle" in content


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--mpiexec", default=shutil.which("mpiexec"))
    parser.add_argument("--cases", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="cases at a time")
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), help="only cases of these kinds")
    parser.add_argument("--only", metavar="LABEL", help="one case, as a violation names it")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for what violations need (default: a temporary one)")
    parser.add_argument("--plain", action="store_true", help="accept a program that is built without sanitizers")
    return parser.parse_args()


def main():
    sys.stdout.reconfigure(errors="backslashreplace")
    options = parse_options()
    options.program = options.program.resolve()
    if not sanitized(options.program):
        print(f"WARNING: {options.program} is built without the address and undefined-behaviour sanitizers; memory "
              "errors that do not crash go unseen", flush=True)
        if not options.plain:
            sys.exit("build it with cmake --preset asan, or say --plain")
    source = pathlib.Path(__file__).resolve().parents[2]
    keep = options.keep or pathlib.Path(tempfile.mkdtemp(prefix="gluesweep_violations_"))
    start = time.monotonic()
    material = Material(source, file_cases.make_sweeps(options, source, call))
    campaign = Campaign(options, keep)
    if options.only:
        cases = [(options.only, case_of(options.only, material, options.seed))]
    else:
        cases = chosen_cases(material, options)
    campaign.run_all(cases)
    campaign.table()
    print(f"seed {options.seed}, {time.monotonic() - start:.0f} s")
    if options.only:
        outcome = next(iter(campaign.outcomes.values()))[0][1]
        print(f"exit code {outcome.code}\n{shortened(outcome.out, 2000)}\n{outcome.err}")
    if not campaign.violations and not options.keep:
        shutil.rmtree(keep)
    return 1 if campaign.violations else 0


if __name__ == "__main__":
    sys.exit(main())
