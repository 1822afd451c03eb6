#!/usr/bin/env python3
"""Checks the layering of the sources; standard library only.

  check_layers.py [ROOT]       check a source tree (default: this repository)
  check_layers.py --self-test  prove that every rule can fail

Rules:
  include      a layer includes only itself and the layers below it
  style        headers of the project are included by their full path, "gluesweep/<layer>/x.hpp", or "x.hpp" for a
               private header beside the source; tests reach into tests/support and the layer they test,
               benchmarks into all
  library      yaml-cpp only in the job reader, LibTorch not in job, MPI and HDF5 only where they belong
  mirror       include/gluesweep/<layer>/x.hpp, src/<layer>/x.cpp, tests/unit/<layer>/x_test.cpp have one shape
"""
import pathlib
import re
import sys
import tempfile

LAYERS = ["job", "problem", "network", "training", "reference", "sweep", "parallel", "output", "emulator", "cli"]
RANK = {layer: number for number, layer in enumerate(LAYERS)}

# (library, pattern of the include, where it may stand: relative path of the file)
LIBRARIES = [
    ("yaml-cpp", r"yaml-cpp/", r"src/job/[^/]*(reader|yaml)[^/]*"),
    ("LibTorch", r"(ATen|torch|c10)/", r"(src|include/gluesweep|tests/unit)/(?!job/)[^/]+/.*|tests/(support|benchmark)/.*"),
    ("MPI", r"mpi\.h$", r"(src|include/gluesweep|tests/unit)/(parallel|output|emulator|cli)/.*|tests/unit/sweep/.*_mpi_test\.cpp"
                        r"|tests/[^/]+"),
    ("HDF5", r"hdf5(_hl)?\.h$", r"(src|include/gluesweep|tests/unit)/(output|emulator|cli)/.*"),
    ("SUNDIALS", r"(sundials|cvode|cvodes|nvector|sunmatrix|sunlinsol|sunnonlinsol)/",
     r"(src|include/gluesweep|tests/unit)/reference/.*|tests/benchmark/.*"),
    ("Boost.Program_options", r"boost/program_options", r"(src|include/gluesweep|tests/unit)/cli/.*"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def layer_of(path):
    """The layer a file belongs to, from its path relative to the root; None outside the layers."""
    parts = path.parts
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    if parts[:2] in (("include", "gluesweep"), ("tests", "unit")) and len(parts) > 3:
        return parts[2]
    return None


def check_file(root, path, report):
    relative = path.relative_to(root)
    layer = layer_of(relative)
    if layer is not None and layer not in RANK:
        report(relative, 0, f"'{layer}' is not a layer; the layers are {', '.join(LAYERS)}")
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            check_include(root, relative, layer, number, match.group(1), match.group(2), report)


def check_include(root, relative, layer, number, bracket, target, report):
    parts = target.split("/")
    if parts[0] == "gluesweep":
        if bracket == "<":
            report(relative, number, f'<{target}>: include headers of the project with quotes')
        if not (root / "include" / target).is_file():
            report(relative, number, f'"{target}" does not exist')
        elif layer is not None and len(parts) > 2 and RANK.get(parts[1], -1) > RANK[layer]:
            report(relative, number, f'layer {layer} includes "{target}", but {parts[1]} is above it '
                                     f"(bottom to top: {', '.join(LAYERS)})")
    elif bracket == '"' and not (root / relative.parent / target).is_file() and not target.endswith("version_data.hpp"):
        report(relative, number, f'"{target}": neither beside the file nor a full path "gluesweep/<layer>/..."')
    elif bracket == '"' and ".." in parts and not test_may_reach(root, relative, layer, target):
        report(relative, number, f'"{target}": write the full path "gluesweep/<layer>/..." instead of ".."')
    for library, pattern, allowed in LIBRARIES:
        if re.match(pattern, target) and not re.fullmatch(allowed, relative.as_posix()):
            report(relative, number, f"{library} (<{target}>) may not be used here")


def test_may_reach(root, relative, layer, target):
    """Tests share helpers in tests/support and see the private headers of the layer they test; benchmarks measure
    parts of all layers."""
    reached = (root / relative.parent / target).resolve()
    return relative.parts[0] == "tests" and (
        (root / "tests/support").resolve() in reached.parents
        or layer is not None and reached.parent == (root / "src" / layer).resolve()
        or relative.parts[1] == "benchmark" and (root / "src").resolve() in reached.parents)


def stems(folder, suffix):
    return {p.name[: -len(suffix)] for p in folder.glob("*" + suffix)} if folder.is_dir() else set()


def part_of(name, names):
    """Whether name is one of names, or a part of one (sweep_reader and reader_sweep belong to reader)."""
    words = name.split("_")
    return any("_".join(words[:count]) in names or "_".join(words[-count:]) in names
               for count in range(len(words), 0, -1))


def includes_own_layer(path, layer, private):
    """Whether a source includes a header of its own layer (several sources may share one)."""
    targets = [match.group(2) for match in map(INCLUDE.match, path.read_text(encoding="utf-8").splitlines()) if match]
    return any(target.startswith(f"gluesweep/{layer}/") or target in {name + ".hpp" for name in private}
               for target in targets)


def check_mirrors(root, report):
    for layer in LAYERS:
        headers = stems(root / "include/gluesweep" / layer, ".hpp")
        private = stems(root / "src" / layer, ".hpp")
        sources = stems(root / "src" / layer, ".cpp")
        for source in sorted(sources):
            path = root / "src" / layer / (source + ".cpp")
            if not part_of(source, headers | private) and not includes_own_layer(path, layer, private):
                report(path.relative_to(root), 0,
                       f"no header {source}.hpp in include/gluesweep/{layer} or src/{layer}, nor does it include "
                       "another one of its layer: where is what it defines declared?")
        for test in sorted(stems(root / "tests/unit" / layer, "_test.cpp")):
            name = test[: -len("_mpi")] if test.endswith("_mpi") else test
            path = root / "tests/unit" / layer / (test + "_test.cpp")
            if not part_of(name, headers | private | sources) and not includes_own_layer(path, layer, private):
                report(path.relative_to(root), 0,
                       f"neither include/gluesweep/{layer}/{name}.hpp nor src/{layer}/{name}.cpp exists, and it "
                       f"includes nothing of its layer")


def check(root):
    """All violations below root as 'path:line: message'."""
    found = []

    def report(path, number, message):
        found.append(f"{path.as_posix()}:{number}: {message}" if number else f"{path.as_posix()}: {message}")

    for top in ("include", "src", "tests"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in (".hpp", ".cpp", ".h", ".cc") and path.is_file():
                check_file(root, path, report)
    check_mirrors(root, report)
    return found


def self_test():
    """A small correct tree passes; each broken file added to it is found, by the expected words."""
    good = {
        "include/gluesweep/job/job.hpp": "#include <string>\n",
        "include/gluesweep/output/file.hpp": '#include "gluesweep/job/job.hpp"\n#include <hdf5.h>\n',
        "src/output/file.cpp": '#include "gluesweep/output/file.hpp"\n#include <mpi.h>\n',
        "src/job/reader.cpp": "#include <yaml-cpp/yaml.h>\n",
        "src/job/reader.hpp": "",
        "src/job/reader_sweep.cpp": '#include "reader.hpp"\n',
        "tests/unit/output/file_test.cpp": "",
        "tests/unit/output/file_mpi_test.cpp": '#include "../../support/help.hpp"\n',
        "tests/unit/job/reader_test.cpp": '#include "../../../src/job/reader.hpp"\n',
        "tests/support/help.hpp": "",
    }
    broken = [
        ("src/job/reader_x.cpp", '#include "gluesweep/output/file.hpp"\n', "output is above it"),
        ("src/job/reader_x.cpp", '#include "gluesweep/job/gone.hpp"\n', "does not exist"),
        ("src/job/reader_x.cpp", "#include <gluesweep/job/job.hpp>\n", "with quotes"),
        ("src/job/reader_x.cpp", '#include "../output/file.hpp"\n', "beside the file"),
        ("src/job/reader_x.cpp", "#include <ATen/ATen.h>\n", "LibTorch"),
        ("src/job/reader_x.cpp", "  #  include <hdf5.h>\n", "HDF5"),
        ("src/output/file_x.cpp", "#include <yaml-cpp/yaml.h>\n", "yaml-cpp"),
        ("include/gluesweep/training/x.hpp", "#include <mpi.h>\n", "MPI"),
        ("include/gluesweep/sweep/x.hpp", "#include <mpi.h>\n", "MPI"),
        ("src/training/orphan.cpp", "", "where is what it defines declared"),
        ("tests/unit/job/orphan_test.cpp", "", "neither include"),
        ("src/numerics/x.cpp", "", "is not a layer"),
        ("tests/unit/output/file_x_test.cpp", '#include "../../../src/job/reader.hpp"\n', "instead of"),
    ]
    for name, text, words in [(None, "", None)] + broken:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, content in {**good, **({name: text} if name else {})}.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(content)
            found = check(root)
            if words is None and found:
                sys.exit("self-test: the correct tree is refused:\n" + "\n".join(found))
            if words is not None and not any(words in line and name in line for line in found):
                sys.exit(f"self-test: {name} with {text!r} was not refused for '{words}': {found}")
    print(f"self-test: {len(broken)} violations found as they should be")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    found = check(root)
    if found:
        sys.exit("\n".join(found) + f"\n{len(found)} violations of the layering (see {pathlib.Path(__file__).name})")
    print("layers: include directions, libraries and mirrors hold")


if __name__ == "__main__":
    main()
