"""Bad command lines."""
import shlex

from cases import JUDGED, REFUSED, Case, Folder
from expression_cases import job_with

JOB = job_with({})

# The arguments, as a shell reads them, and what the message must match. "job.yaml" is a good job, "old.h5" is no sweep
# file, "folder" is a folder.
LINES = [
    ("", "no command"),
    ("''", "unknown command ''"),
    ("rnu job.yaml", "unknown command 'rnu'; did you mean 'run'"),
    ("RUN job.yaml", "unknown command 'RUN'"),
    ("job.yaml", "unknown command 'job.yaml'"),
    ("--halp", "unknown option '--halp'"),
    ("-x", "unknown option '-x'"),
    ("--", "'--'"),
    ("--run job.yaml", "'--run'"),
    ("\x01\x02", "unknown command"),
    ("r" * 100000, "unknown command"),
    ("\u00e9\u00e9", "unknown command"),
    ("--version=1", "unknown option '--version=1'"),
    # --- run
    ("run", "run: no JOB"),
    ("run ''", "job file cannot be read"),
    ("run job.yaml other.yaml", "run: takes one JOB"),
    ("run job.yaml job.yaml", "run: takes one JOB"),
    ("run none.yaml", "none.yaml: the job file cannot be read"),
    ("run folder", "folder: the job file cannot be read: Is a directory"),
    ("run " + "x" * 5000, "the job file cannot be read: File name too long"),
    ("run job.yaml/", "the job file cannot be read: Not a directory"),
    ("run /proc/self/mem", "/proc/self/mem: the job file cannot be read: Input/output error"),
    ("run /dev/zero", "/dev/zero: the job file cannot be read: it is a device"),
    ("run job.yaml --ouput a.h5", "unknown option '--ouput'; did you mean '--output'"),
    ("run job.yaml --out a.h5", "unknown option '--out'"),
    ("run job.yaml --dry", "unknown option '--dry'"),
    ("run job.yaml -x", "'-x'"),
    ("run job.yaml -", "takes one JOB|'-'"),
    ("run -- --dry-run", "--dry-run: the job file cannot be read"),
    ("run job.yaml -o", "--output"),
    ("run job.yaml --output", "--output"),
    ("run job.yaml -o ''", "not a file name|-o|--output"),
    ("run job.yaml --output=", "--output|not a file name"),
    ("run job.yaml -o a.h5 -o b.h5", "--output"),
    ("run job.yaml -o .", r"^\. is not a sweep file"),
    ("run job.yaml -o folder", "folder"),
    ("run job.yaml -o folder/", "folder/"),
    ("run job.yaml -o none/a.h5", "none"),
    ("run job.yaml -o job.yaml/a.h5", "job.yaml"),
    ("run job.yaml -o job.yaml", "job.yaml"),
    ("run job.yaml -o /proc/a.h5", "/proc"),
    ("run job.yaml -o /dev/null", "/dev/null"),
    ("run job.yaml -o " + "x" * 300, "x{20}"),
    ("run job.yaml -o old.h5", "old.h5"),
    ("run job.yaml -o old.h5 --resume", "old.h5"),
    ("run job.yaml -o old.h5 --overwrite", "old.h5"),
    ("run job.yaml -o old.h5 --retry-failed", "old.h5"),
    ("run job.yaml -o folder --resume", "folder"),
    ("run job.yaml -o folder --overwrite", "folder"),
    ("run job.yaml -o job.yaml --overwrite", "job.yaml"),
    ("run job.yaml -o /dev/null --overwrite", "/dev/null"),
    ("run job.yaml -o /dev/zero --resume", "/dev/zero"),
    ("run job.yaml -o /dev/full --resume", "/dev/full"),
    ("run job.yaml --resume --overwrite", "--overwrite"),
    ("run job.yaml --overwrite --retry-failed", "--overwrite"),
    ("run job.yaml --resume=yes", "--resume"),
    ("run job.yaml --resume yes", "takes one JOB"),
    ("run job.yaml --dry-run=1", "--dry-run"),
    ("run job.yaml --resum", "unknown option '--resum'"),
    ("run job.yaml --part", "--part"),
    ("run job.yaml --part ''", "--part"),
    ("run job.yaml --part 0/3", "--part"),
    ("run job.yaml --part 4/3", "--part"),
    ("run job.yaml --part 1", "--part"),
    ("run job.yaml --part x/y", "--part"),
    ("run job.yaml --part 1/0", "--part"),
    ("run job.yaml --part -1/3", "--part"),
    ("run job.yaml --part 1/3/5", "--part"),
    ("run job.yaml --part 1.5/3", "--part"),
    ("run job.yaml --part 1/3x", "--part"),
    ("run job.yaml --part ' 1/3'", "--part"),
    ("run job.yaml --part '1 / 3'", "--part"),
    ("run job.yaml --part 1/", "--part"),
    ("run job.yaml --part /3", "--part"),
    ("run job.yaml --part 1/99999999999999999999", "--part"),
    ("run job.yaml --part 1/1000000", "--part"),
    ("run job.yaml --part 1/3 --part 2/3", "--part"),
    ("run job.yaml --part 0x1/3", "--part"),
    ("run job.yaml --part +1/3", "--part"),
    ("run job.yaml --part 1/-3", "--part"),
    ("run job.yaml --max-failed 2", "--max-failed"),
    ("run job.yaml --max-failed -0.1", "--max-failed"),
    ("run job.yaml --max-failed nan", "--max-failed"),
    ("run job.yaml --max-failed few", "--max-failed"),
    ("run job.yaml --max-failed ''", "--max-failed"),
    ("run job.yaml --max-failed 1e999", "--max-failed"),
    ("run job.yaml --progress fancy", "--progress"),
    ("run job.yaml --progress ''", "--progress"),
    ("run job.yaml --device gpu", "run.device"),
    ("run job.yaml --device ''", "device"),
    ("run job.yaml --device cuda:77", "cuda:77"),
    ("run job.yaml --device cuda:-1", "run.device"),
    ("run job.yaml --device 'cpu\n'", "run.device"),
    # --- overrides
    ("run job.yaml --set", "--set"),
    ("run job.yaml --set ''", "--set"),
    ("run job.yaml --set sweep.samples", "--set sweep.samples"),
    ("run job.yaml --set =4", "--set =4"),
    ("run job.yaml --set =", "--set ="),
    ("run job.yaml --set sweep.samples=", "sweep.samples"),
    ("run job.yaml --set 'sweep.samples = 4'", "--set sweep.samples"),
    ("run job.yaml --set sweep..samples=4", "--set sweep..samples"),
    ("run job.yaml --set .=4", "--set"),
    ("run job.yaml --set sweep.sample=4", "sweep.sample"),
    ("run job.yaml --set sweep.samples=four", "sweep.samples"),
    ("run job.yaml --set sweep.samples=4=4", "sweep.samples"),
    ("run job.yaml --set sweep=4", "sweep"),
    ("run job.yaml --set sweep.samples.x=4", "sweep.samples"),
    ("run job.yaml --set 'sweep.samples=[4'", "sweep.samples"),
    ("run job.yaml --set 'sweep.samples=4\n5'", "sweep.samples"),
    ("run job.yaml --set problem.conditions.7.A=1", "problem.conditions"),
    ("run job.yaml --set problem.conditions.-1.A=1", "problem.conditions"),
    ("run job.yaml --set problem.conditions.x=1", "problem.conditions"),
    ("run job.yaml --set 'problem.equations.A=-k1*B'", "problem.equations.A"),
    ("run job.yaml --set problem=none.yaml", "none.yaml"),
    ("run job.yaml --set problem=job.yaml", "problem"),
    ("run job.yaml --set 'sweep.samples=!!int 4'", "tag"),
    ("run job.yaml --set sweep.samples=\x01", "control character"),
    ("run job.yaml --set sweep.samples=\udcff", "UTF-8"),
    ("run job.yaml --set " + "a." * 20000 + "b=1", "--set a"),
    ("run job.yaml --set sweep.samples=" + "[" * 50000, "sweep.samples"),
    ("run job.yaml --set " + "x" * 100000 + "=1", "--set x"),
    ("run job.yaml --set run.time_limit=-1", "run.time_limit"),
    ("run job.yaml --set run.time_limit=nan", "run.time_limit"),
    ("run job.yaml --set run.time_limit=25:00:00:00", "run.time_limit"),
    ("run job.yaml --set run.time_limit=", "run.time_limit"),
    ("run job.yaml --set run.time_limit=1e30", "run.time_limit"),
    ("run job.yaml --set output.points=100000 --set sweep.samples=1000000000", "output.points|left"),
    # --- check
    ("check", "check: no JOB"),
    ("check job.yaml -o a.h5", "-o"),
    ("check job.yaml --dry-run", "--dry-run"),
    ("check job.yaml --set x", "--set x"),
    # --- show
    ("show", "show: no FILE"),
    ("show none.h5", "none.h5: there is no such file"),
    ("show folder", "folder"),
    ("show job.yaml", "job.yaml is not a sweep file"),
    ("show old.h5 old.h5", "show: takes one FILE"),
    ("show old.h5 --worst -1", "--worst"),
    ("show old.h5 --worst 1001", "--worst"),
    ("show old.h5 --worst many", "--worst"),
    ("show old.h5 --worst 99999999999999999999", "--worst"),
    ("show old.h5 --worst 1.5", "--worst"),
    ("show old.h5 --jobs", "unknown option '--jobs'; did you mean '--job'"),
    ("show /dev/null", "/dev/null"),
    ("show /dev/zero", "/dev/zero"),
    ("show ''", "no such file"),
    # --- compare
    ("compare", "compare: no JOB"),
    ("compare job.yaml --points 0", "--points"),
    ("compare job.yaml --points -3", "--points"),
    ("compare job.yaml --points x", "--points"),
    ("compare job.yaml --points 99999999999999999999", "--points"),
    ("compare job.yaml --points 1000000001", "--points"),
    ("compare job.yaml --methods ''", "--methods"),
    ("compare job.yaml --methods newton", "--methods: unknown method 'newton'"),
    ("compare job.yaml --methods adam,adam", "--methods: 'adam' is given twice"),
    ("compare job.yaml --methods adam:", "--methods"),
    ("compare job.yaml --methods adam:sun", "--methods: unknown ansatz 'sun'"),
    ("compare job.yaml --methods ,", "--methods"),
    ("compare job.yaml --methods adam,adam:frames", "--methods"),
    ("compare job.yaml --format html", "--format"),
    ("compare job.yaml -o old.h5", "old.h5"),
    ("compare job.yaml -o none/a.h5", "none"),
    ("compare job.yaml --resume", "--resume"),
    # --- merge
    ("merge", "merge: no FILE"),
    ("merge -o a.h5", "merge: no FILE"),
    ("merge old.h5", "-o|--output"),
    ("merge old.h5 -o a.h5", "old.h5"),
    ("merge none.h5 -o a.h5", "none.h5"),
    ("merge folder -o a.h5", "folder"),
    ("merge old.h5 -o old.h5", "old.h5"),
    ("merge old.h5 -o", "--output"),
    ("merge old.h5 -o none/a.h5", "old.h5|none"),
    ("merge old.h5 --vitual -o a.h5", "unknown option '--vitual'; did you mean '--virtual'"),
    ("merge '*.h5' -o a.h5", r"\*\.h5"),
]

# On several ranks: the message comes once, and all ranks end.
RANKS = [
    ("rnu", "unknown command 'rnu'"),
    ("run none.yaml", "none.yaml: the job file cannot be read"),
    ("run job.yaml -o old.h5", "old.h5"),
    ("run job.yaml --set sweep.samples=x", "an integer is needed"),
    ("check job.yaml --set 'problem.patches.0.until=log(-k1)'", "patch 'second'"),
    ("show old.h5", "old.h5 is not a sweep file"),
    ("run job.yaml --part 5/4", "--part"),
    ("run job.yaml -o old.h5 --resume", "old.h5"),
    ("merge old.h5 -o a.h5", "old.h5"),
    ("run job.yaml --device cuda:77", "cuda:77"),
]


def files():
    return {"job.yaml": JOB, "old.h5": b"not HDF5\n", "folder": Folder()}


def written(material):
    alone = [Case("command", line[:80] or "(nothing)", tuple(shlex.split(line)), files(), REFUSED, place)
             for line, place in LINES]
    on_ranks = [Case("command", "2 ranks: " + line, tuple(shlex.split(line)), files(), REFUSED, once(place), 2)
                for line, place in RANKS]
    return alone + on_ranks


def once(pattern):
    return f"(?s)^(?!.*({pattern}).*({pattern})).*({pattern})"


WORDS = """
run check show merge compare --help --version -h -o --output --set --resume --overwrite --retry-failed --part
1/2 3/2 job.yaml job.yaml job.yaml old.h5 folder none a.h5 --device cpu cuda --max-failed 0.5 -1 --progress
none sweep.samples=2 sweep.samples run.block=0 = - -- --worst 3 --job --methods adam --points 4 --virtual
--dry-run --xyz -z emulate predict --at k1=0.5 --csv --outside nan --holdout 0.2
""".split()
WORDS += ["", "\u00e9", "x" * 1000]


def mutated(material, random):
    """Words in any order; whatever would compute or write is a dry run."""
    words = [random.choice(WORDS) for _ in range(random.randint(1, 7))]
    if random.random() < 0.8:
        words[0:0] = [random.choice(["run", "run", "check", "show", "merge", "compare", "emulate", "predict"])]
    if words[0] == "run":
        words.append("--dry-run")
    if words[0] == "compare":
        words.append("--methods=none")
    return Case("command", "words in any order", tuple(words), files(), JUDGED)
