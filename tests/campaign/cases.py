"""What the cases of the campaign of bad input are made of."""
import dataclasses
import json
import pathlib

REFUSED = frozenset({2})
JUDGED = frozenset({0, 2})  # a mutation may be a good job by chance
FINISHED = frozenset({0, 2, 3})  # the same where a run ends: 3 says that too many points failed

# The place that a message of the job's readers names: FILE:LINE:COLUMN, or the override.
READER_PLACE = r"(?m:^)(\S.*\.(yaml|csv):\d+:\d+: |--set )"


class Folder:
    """In place of a file's bytes: a folder of this name."""


class Fifo:
    """In place of a file's bytes: a named pipe that nobody writes to."""


@dataclasses.dataclass(frozen=True)
class Case:
    kind: str
    name: str
    arguments: tuple  # of the program
    files: dict  # relative path -> bytes, Folder() or Fifo(), all that the working folder holds
    codes: frozenset = REFUSED
    place: str = ""  # what the message of a refusal must match
    ranks: int = 0  # 0: without mpiexec
    changes: frozenset = frozenset()  # files that an accepted run may make or change


@dataclasses.dataclass(frozen=True)
class Material:
    """What cases are made from: the repository, and sweep files that the program itself made."""
    source: pathlib.Path
    sweeps: dict  # name -> bytes

    def file(self, *parts):
        return self.source.joinpath(*parts).read_bytes()

    def test_jobs(self):
        """The jobs that the reader's own tests use, with their problem file and list."""
        folder = self.source / "tests" / "data" / "jobs"
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}

    def shipped_jobs(self):
        """Relative path -> bytes of the jobs and problems that come with the program."""
        folder = self.source / "jobs"
        paths = sorted([*folder.glob("*.yaml"), *folder.glob("problems/*.yaml")])
        return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def quoted(text):
    """A text as YAML in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def edited(files, name, old, new):
    """The files with the first `old` of one of them replaced; None: its whole content."""
    content = files[name]
    old, new = as_bytes(old), as_bytes(new)
    if old is None:
        return {**files, name: new}
    if old not in content:
        raise ValueError(f"{name} has no {old!r}")
    return {**files, name: content.replace(old, new, 1)}


def as_bytes(text):
    return text.encode() if isinstance(text, str) else text
