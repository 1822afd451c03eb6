"""Damaged, foreign and misleading sweep files, given to show, run --resume and merge."""
import pathlib
import sys
import tempfile

import h5py
import numpy

from cases import FINISHED, JUDGED, REFUSED, Case, Fifo, Folder
from expression_cases import job_with

JOB = job_with({})
FILE = "scan.h5"

RUN = ("run", "job.yaml", "--set", "run.block=1", "-o", FILE)
COMMANDS = {"show": ("show", FILE), "job": ("show", FILE, "--job"), "resume": (*RUN, "--resume"),
            "retry": (*RUN, "--retry-failed"), "merge": ("merge", FILE, "second.h5", "-o", "all.h5")}
CHANGES = {"resume": frozenset({FILE}), "retry": frozenset({FILE}), "merge": frozenset({"all.h5"})}


def make_sweeps(options, source, call):
    """Sweep files of a job of four points, whole and in two parts, and an emulator, made by the program itself."""
    runs = {"whole": [], "other": ["--set", "sweep.seed=9"], "first": ["--part", "1/2"], "second": ["--part", "2/2"],
            "many": ["--set", "sweep.samples=40", "--set", "network={features: 64, elements: 24}"]}
    sweeps = {}
    with tempfile.TemporaryDirectory(prefix="gluesweep_bad_") as name:
        folder = pathlib.Path(name)

        def make(arguments):
            outcome = call([str(options.program), *arguments], folder, {"TMPDIR": str(folder)})
            if outcome.code != 0:
                sys.exit(f"the good {' '.join(arguments)} ended with exit code {outcome.code}:\n{outcome.err}")

        (folder / "job.yaml").write_bytes(JOB)
        for name, more in runs.items():
            make(["run", "job.yaml", "-o", f"{name}.h5", "--set", "run.block=1", *more])
            sweeps[name] = (folder / f"{name}.h5").read_bytes()
        make(["emulate", "many.h5", "-o", "emulator.h5", "--max-error", "1", "--no-module"])
        sweeps["emulator"] = (folder / "emulator.h5").read_bytes()
    sweeps["pending"] = with_hdf5(sweeps["whole"], set_status(slice(2, 4), 0))
    return sweeps


def with_hdf5(content, change):
    """The bytes of an HDF5 file after a change."""
    with tempfile.TemporaryDirectory(prefix="gluesweep_bad_") as folder:
        path = pathlib.Path(folder) / "file.h5"
        path.write_bytes(content)
        with h5py.File(path, "r+") as file:
            change(file)
        return path.read_bytes()


def new_hdf5(change=lambda file: None, **options):
    with tempfile.TemporaryDirectory(prefix="gluesweep_bad_") as folder:
        path = pathlib.Path(folder) / "file.h5"
        with h5py.File(path, "w", **options) as file:
            change(file)
        return path.read_bytes()


# --- changes of a good file --------------------------------------------------------------------------------------

def set_status(rows, value):
    def change(file):
        file["status"][rows] = value
    return change


def attribute(name, value):
    def change(file):
        del file.attrs[name]
        if value is not None:
            file.attrs[name] = value
    return change


def without(name):
    def change(file):
        del file[name]
    return change


def replaced(name, **dataset):
    """Another dataset under a name; None in place of its value: a group."""
    def change(file):
        del file[name]
        if dataset:
            file.create_dataset(name, **dataset)
        else:
            file.create_group(name)
    return change


def linked(name, link):
    def change(file):
        del file[name]
        file[name] = link
    return change


def filled(name, value):
    def change(file):
        file[name][...] = value
    return change


def other_job(file):
    file.attrs["job"] = file.attrs["job"].replace("name: decay", "name: growth")


def job_of_more_samples(file):
    file.attrs["job"] = file.attrs["job"].replace("samples: 4", "samples: 40000000")


def far_larger(name):
    """A variable of many more rows than there are bytes in the file."""
    return replaced(name, shape=(10 ** 12,), dtype="f8", chunks=(1000,))


def all_larger(file):
    for name in ("sample", "status", "error_estimate"):
        far_larger(name)(file)


TEXT = h5py.string_dtype()
# What is wrong, the change, the commands that must refuse it, those that may.
CHANGED = [
    *[(f"without the attribute {name}", attribute(name, None), ["show", "resume"], [])
      for name in ("format_version", "job_hash", "job")],
    ("without the attribute swept_parameters", attribute("swept_parameters", None), ["show"], ["resume"]),
    *[(f"without the attribute {name}", attribute(name, None), [], ["show"]) for name in ("Conventions", "created")],
    ("format 2", attribute("format_version", 2), ["show", "job", "resume", "merge"], []),
    ("format 0", attribute("format_version", 0), ["show"], []),
    ("format -1", attribute("format_version", -1), ["resume"], []),
    ("format 2**64 - 1", attribute("format_version", numpy.uint64(2 ** 64 - 1)), ["show"], []),
    ("format as text", attribute("format_version", "1"), ["show", "resume"], []),
    ("format as a fraction", attribute("format_version", 1.5), [], ["show"]),
    ("format as a list", attribute("format_version", [1, 1, 1, 1]), ["show", "resume"], []),
    ("format as no value", attribute("format_version", h5py.Empty("i8")), ["show"], []),
    ("hash of another job", attribute("job_hash", "0123456789abcdef"), ["resume"], ["show"]),
    ("hash as a number", attribute("job_hash", 7), ["resume"], ["show"]),
    ("hash as a list of texts", attribute("job_hash", numpy.array(["a", "b"], dtype=TEXT)), ["resume"], ["show"]),
    ("hash of fixed length", attribute("job_hash", numpy.bytes_("0123456789abcdef")), ["resume"], ["show"]),
    ("job empty", attribute("job", ""), ["show", "resume"], ["job"]),
    ("job as a number", attribute("job", 3.5), ["show", "job"], []),
    ("job as a list of texts", attribute("job", numpy.array(["a", "b"], dtype=TEXT)), ["show", "job"], []),
    ("job that is none", attribute("job", "problem: {"), ["show"], ["resume"]),
    ("job cut off", lambda file: attribute("job", file.attrs["job"][:300])(file), ["show"], ["resume"]),
    ("job of bad UTF-8", attribute("job", numpy.bytes_(b"\xff\xfe")), ["show"], []),
    ("job of 10 MB", attribute("job", "#" * 10000000), ["show"], []),
    ("job of 20 MB", attribute("job", "#" * 20000000), ["show"], []),
    ("another problem's job", other_job, [], ["show", "resume"]),
    ("job of more samples", job_of_more_samples, [], ["show", "resume"]),
    ("swept parameters that are not there", attribute("swept_parameters", "k1 k9"), ["show"], []),
    ("swept parameters as a number", attribute("swept_parameters", 2), ["show"], []),
    ("swept parameter status/..", attribute("swept_parameters", "/ . .. //"), ["show"], []),
    *[(f"without {name}", without(name), ["show", "resume"], []) for name in ("sample", "status", "error_estimate")],
    *[(f"without {name}", without(name), [], ["show", "resume"]) for name in ("reference_error", "A", "k1", "network")],
    *[(f"{name} a group", replaced(name), ["show", "resume"], []) for name in ("sample", "status", "error_estimate")],
    ("the group network a variable", replaced("network", data=[1.0]), ["resume"], ["show"]),
    *[(f"{name} of other length", replaced(name, data=numpy.zeros(7)), ["show", "resume"], [])
      for name in ("sample", "status", "error_estimate")],
    *[(f"{name} of no length", replaced(name, data=numpy.zeros(0)), ["show", "resume"], [])
      for name in ("sample", "status")],
    *[(f"{name} a single number", replaced(name, data=1.0), ["show", "resume"], [])
      for name in ("sample", "status", "error_estimate")],
    *[(f"{name} of no value", replaced(name, data=h5py.Empty("f8")), ["show", "resume"], [])
      for name in ("sample", "status")],
    *[(f"{name} with columns", replaced(name, data=numpy.zeros((4, 3))), ["show", "resume"], [])
      for name in ("status", "error_estimate")],
    *[(f"{name} of four dimensions", replaced(name, data=numpy.zeros((4, 1, 2, 1))), ["show"], [])
      for name in ("sample", "k1")],
    *[(f"{name} of texts", replaced(name, data=numpy.array(["a"] * 4, dtype=TEXT)), ["show", "resume"], [])
      for name in ("status", "error_estimate")],
    ("status of pairs", replaced("status", data=numpy.zeros(4, dtype=[("a", "i4"), ("b", "f8")])), ["show"], []),
    ("status of floats", replaced("status", data=numpy.array([1.0, 1e300, numpy.nan, -5.0])), [], ["show", "resume"]),
    ("status without meaning", filled("status", 200), [], ["show", "resume", "retry"]),
    ("errors of NaN", filled("error_estimate", numpy.nan), [], ["show"]),
    ("errors of infinity", filled("error_estimate", numpy.inf), [], ["show"]),
    ("negative errors", filled("error_estimate", -1e300), [], ["show"]),
    ("sample and status far larger", all_larger, ["show", "resume", "merge"], []),
    ("sample far larger", far_larger("sample"), ["show", "resume", "merge"], []),
    ("head far larger", far_larger("network/head"), ["resume"], ["show"]),
    ("a link to itself", linked("status", h5py.SoftLink("/status")), ["show", "resume"], []),
    ("a link to nothing", linked("error_estimate", h5py.SoftLink("/nothing")), ["show", "resume"], []),
    ("a link to another file", linked("status", h5py.ExternalLink("none.h5", "/status")), ["show", "resume"], []),
    ("a link into the root", linked("network", h5py.SoftLink("/")), ["resume"], ["show"]),
]

# Files that are no sweep files at all.
FOREIGN = [
    ("empty", b""),
    ("one byte", b"\x89"),
    ("text", b"hello\n" * 1000),
    ("a signature only", b"\x89HDF\r\n\x1a\n"),
    ("a signature and zeros", b"\x89HDF\r\n\x1a\n" + bytes(5000)),
    ("a signature and ones", b"\x89HDF\r\n\x1a\n" + b"\xff" * 5000),
    ("a late signature", bytes(512) + b"\x89HDF\r\n\x1a\n\x02\x08\x08\x00" + bytes(4000)),
    ("zeros", bytes(100000)),
    ("netCDF-3", b"CDF\x01" + bytes(1000)),
    ("gzip", b"\x1f\x8b\x08" + bytes(1000)),
    ("a job", JOB),
    ("a folder", Folder()),
    ("a pipe", Fifo()),
]
FOREIGN_HDF5 = [
    ("an empty HDF5 file", new_hdf5()),
    ("an HDF5 file of others", new_hdf5(lambda file: file.create_dataset("x", data=[1, 2, 3]))),
    ("an HDF5 file of the newest format", new_hdf5(libver="latest")),
    ("an HDF5 file with the attributes alone",
     new_hdf5(lambda file: file.attrs.update(format_version=1, job_hash="a", job="b"))),
]

TRUNCATIONS = [1, 7, 8, 9, 16, 47, 48, 96, 200, 512, 1000, 2048, 4096, -1, -8, -100, -1000, -5000]


def written(material):
    whole = material.sweeps["whole"]
    cases = []
    for what, change, refuse, judge in CHANGED:
        for command in refuse + judge:
            # A run goes on with a file that has pending points; a complete one it would only summarise.
            content = with_hdf5(material.sweeps["pending"] if command in CHANGES else whole, change)
            cases.append(case(what, command, content, material, REFUSED if command in refuse else FINISHED))
    for what, content in FOREIGN + FOREIGN_HDF5:
        for command in ("show", "resume", "merge"):
            cases.append(case(what, command, content, material, REFUSED))
    for index, length in enumerate(TRUNCATIONS):
        command = ("show", "resume", "merge")[index % 3]
        content = material.sweeps["first"] if command == "merge" else whole
        cases.append(case(f"cut at {length}", command, content[:length], material, REFUSED))
    cases += [
        case("bytes behind the end", "show", whole + b"x" * 1000, material, JUDGED),
        case("bytes before the start", "show", bytes(512) + whole, material, JUDGED),
        case("another job's", "resume", material.sweeps["other"], material, REFUSED),
        case("another part", "resume", material.sweeps["second"], material, REFUSED),
        case("the same part twice", "merge", material.sweeps["second"], material, REFUSED),
        case("a part and the whole", "merge", whole, material, REFUSED),
        case("a part of another job", "merge", material.sweeps["other"], material, REFUSED),
        case("a good part", "merge", material.sweeps["first"], material, frozenset({0})),
        case("a good file", "show", whole, material, frozenset({0})),
        case("a good file", "resume", material.sweeps["pending"], material, frozenset({0})),
    ]
    return cases


def case(what, command, content, material, codes):
    files = {FILE: content, "job.yaml": JOB}
    if command == "merge":
        files["second.h5"] = material.sweeps["second"]
    return Case("file", f"{what}: {command}", COMMANDS[command], files, codes, r"scan\.h5|no part holds",
                changes=CHANGES.get(command, frozenset()))


def mutated(material, random):
    command = random.choice(["show", "show", "resume", "merge"])
    content = material.sweeps[{"merge": "first"}.get(command, random.choice(["whole", "pending"]))]
    mutator = random.choice([cut, with_bits_flipped, with_bits_flipped, with_stretches_changed, with_objects_changed])
    return case(mutator.__name__, command, mutator(content, random), material, FINISHED)


def cut(content, random):
    return content[:random.randrange(len(content))]


def with_bits_flipped(content, random):
    """Most of them near the start, where the structure of the file is."""
    content = bytearray(content)
    for _ in range(random.choice([1, 1, 3, 10, 100])):
        at = random.randrange(random.choice([100, 1000, 10000, len(content)]))
        content[at % len(content)] ^= 1 << random.randrange(8)
    return bytes(content)


def with_stretches_changed(content, random):
    """Stretches zeroed, filled, copied to other places, removed or doubled."""
    content = bytearray(content)
    for _ in range(random.randint(1, 3)):
        at, length = random.randrange(len(content)), random.choice([1, 8, 64, 512, 4096])
        change = random.randrange(5)
        if change == 0:
            content[at:at + length] = bytes(length)
        elif change == 1:
            content[at:at + length] = random.randbytes(length)
        elif change == 2:
            other = random.randrange(len(content))
            content[at:at + length] = content[other:other + length]
        elif change == 3:
            del content[at:at + length]
        else:
            content[at:at] = content[at:at + length]
    return bytes(content)


def with_objects_changed(content, random):
    """Attributes and variables removed, or of another type, shape or value."""
    def change(file):
        for _ in range(random.randint(1, 2)):
            names = []
            file.visit(names.append)
            name = random.choice(names)
            owner = random.choice([file, file, file[name]])
            value = random.choice([0, -1, 2 ** 62, 1.5, numpy.nan, "", "x", "k1", [1, 2], ["a", "b"], h5py.Empty("f8")])
            if random.random() < 0.5 and len(owner.attrs):
                attribute(random.choice(sorted(owner.attrs)), random.choice([None, value]))(owner)
            elif random.random() < 0.3:
                del file[name]
            else:
                del file[name]
                file.create_dataset(name, data=random.choice([value, numpy.zeros((4, 2)), numpy.zeros(4, dtype="u1")]))
    return with_hdf5(content, change)
