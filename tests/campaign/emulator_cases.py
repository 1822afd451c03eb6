"""Bad requests of emulators, damaged emulators, and sweep files that no emulator can be made of."""
import shlex

import h5py
import numpy

from cases import FINISHED, JUDGED, REFUSED, Case, Folder
from expression_cases import job_with
from file_cases import (FOREIGN, FOREIGN_HDF5, attribute, cut, far_larger, filled, linked, new_hdf5, replaced,
                        with_bits_flipped, with_hdf5, with_objects_changed, with_stretches_changed, without)

JOB = job_with({})
FILE = "emulator.h5"
AT = "--at k1=0.3,k2=50 --points 4"

# The arguments, as a shell reads them, and what the message must match. "emulator.h5" is a good emulator, "scan.h5" a
# good sweep file, "old.h5" is no HDF5 file.
LINES = [
    ("emulate", "emulate: no FILE"),
    ("emulate none.h5", "none.h5"),
    ("emulate old.h5", "old.h5"),
    ("emulate folder", "folder"),
    ("emulate emulator.h5", "emulator.h5"),
    ("emulate scan.h5 --max-error 1e-12", "scan.h5"),
    ("emulate scan.h5 --max-error 1 --holdout 0.45", "points"),
    ("emulate scan.h5 none.h5", "none.h5"),
    ("emulate scan.h5 --holdout 0", "--holdout"),
    ("emulate scan.h5 --holdout 1", "--holdout"),
    ("emulate scan.h5 --holdout nan", "--holdout"),
    ("emulate scan.h5 --max-error 0", "--max-error|scan.h5"),
    ("emulate scan.h5 --max-error -1", "--max-error"),
    ("emulate scan.h5 --tolerance 0", "--tolerance"),
    ("emulate scan.h5 --tolerance x", "--tolerance"),
    ("emulate scan.h5 --regression forest", "--regression"),
    ("emulate scan.h5 --seed -1", "--seed"),
    ("emulate scan.h5 --seed 99999999999999999999", "--seed"),
    ("emulate scan.h5 -o old.h5", "old.h5"),
    ("emulate scan.h5 -o none/a.h5", "none"),
    ("emulate scan.h5 -o scan.h5", "scan.h5"),
    ("predict", "predict: no EMULATOR"),
    (f"predict none.h5 {AT}", "none.h5"),
    (f"predict old.h5 {AT}", "old.h5"),
    (f"predict scan.h5 {AT}", "scan.h5"),
    (f"predict folder {AT}", "folder"),
    ("predict emulator.h5", "--at|--csv"),
    ("predict emulator.h5 --at ''", "--at"),
    ("predict emulator.h5 --at k1", "--at"),
    ("predict emulator.h5 --at k1=", "--at"),
    ("predict emulator.h5 --at k1=x", "--at"),
    ("predict emulator.h5 --at k1=nan", "--at"),
    ("predict emulator.h5 --at k9=1", "k9"),
    ("predict emulator.h5 --at k1=1,k1=1", "k1"),
    ("predict emulator.h5 --at k1=1e999", "--at"),
    ("predict emulator.h5 --at k1=50,k2=50 --outside error", "outside"),
    (f"predict emulator.h5 {AT} --outside maybe", "--outside"),
    ("predict emulator.h5 --at k1=0.3,k2=50 --points 0", "--points"),
    ("predict emulator.h5 --at k1=0.3,k2=50 --points 99999999999999999999", "--points"),
    ("predict emulator.h5 --at k1=0.3,k2=50 --x ''", "--x"),
    ("predict emulator.h5 --at k1=0.3,k2=50 --x 1,,2", "--x"),
    ("predict emulator.h5 --at k1=0.3,k2=50 --x 1e9", "--x"),
    ("predict emulator.h5 --at k1=0.3,k2=50 --x 1 --points 3", "--x|--points"),
    ("predict emulator.h5 --csv none.csv", "none.csv"),
    ("predict emulator.h5 --csv old.h5", "old.h5"),
    ("predict emulator.h5 --csv folder", "folder"),
    (f"predict emulator.h5 {AT} -o a.txt", "a.txt"),
    (f"predict emulator.h5 {AT} -o old.h5", "old.h5"),
    (f"predict emulator.h5 {AT} -o none/a.h5", "none"),
    (f"predict emulator.h5 {AT} --threads -1", "--threads"),
    (f"predict emulator.h5 {AT} --threads 1000000", "--threads"),
]

# What is wrong with the emulator, and the change.
DAMAGED = [
    *[(f"without {name}", without(name))
      for name in ("parameter", "parameter_low", "mean", "modes", "layout", "layout/exponents", "layout_extents",
                   "layout_logarithm", "amplitudes/coefficients", "quantities", "trunk/slope", "trunk/mixing",
                   "training_z", "held_out/z", "held_out/solution", "scalar", "scalar_logarithm")],
    *[(f"without the attribute {name}", attribute(name, None))
      for name in ("emulator_format_version", "job", "reach")],
    ("format 2", attribute("emulator_format_version", 2)),
    ("format as text", attribute("emulator_format_version", "1")),
    ("job that is none", attribute("job", "problem: {")),
    ("reach not a number", attribute("reach", numpy.nan)),
    ("reach as text", attribute("reach", "far")),
    *[(f"{name} of another shape", replaced(name, data=numpy.zeros((3, 5, 2)))) for name in ("mean", "modes")],
    *[(f"{name} of no length", replaced(name, data=numpy.zeros(0)))
      for name in ("parameter_low", "trunk/slope", "layout_extents", "training_z")],
    *[(f"{name} a group", replaced(name)) for name in ("mean", "training_z", "layout/coefficients")],
    ("modes far larger", far_larger("modes")),
    ("training_z of texts", replaced("training_z", data=numpy.array(["a"] * 4, dtype=h5py.string_dtype()))),
    ("negative exponents", filled("amplitudes/exponents", -1.0)),
    ("exponents of 1e300", filled("amplitudes/exponents", 1e300)),
    ("exponents of NaN", filled("layout/exponents", numpy.nan)),
    ("extents of 1e9", filled("layout_extents", 1e9)),
    ("extents below zero", filled("layout_extents", -1)),
    ("a parameter of another name", filled("parameter", "k7")),
    ("a range of no width", lambda file: filled("parameter_high", file["parameter_low"][0])(file)),
    ("a link to itself", linked("mean", h5py.SoftLink("/mean"))),
]


def files(material):
    return {"job.yaml": JOB, FILE: material.sweeps["emulator"], "scan.h5": material.sweeps["many"],
            "old.h5": b"not HDF5\n", "folder": Folder()}


def predict(what, content, material, codes):
    place = r"emulator\.h5" if codes == REFUSED else ""
    return Case("emulator", what, ("predict", FILE, *shlex.split(AT)), {**files(material), FILE: content}, codes, place)


def written(material):
    good = material.sweeps["emulator"]
    lines = [Case("emulator", line, tuple(shlex.split(line)), files(material), REFUSED, place) for line, place in LINES]
    damaged = [predict(what, with_hdf5(good, change), material, REFUSED) for what, change in DAMAGED]
    foreign = [predict(what, content, material, REFUSED) for what, content in FOREIGN + FOREIGN_HDF5]
    version = new_hdf5(lambda file: file.attrs.update(emulator_format_version=1, job="b"))
    return lines + damaged + foreign + [
        predict("the attributes alone", version, material, REFUSED),
        predict("numbers of NaN", with_hdf5(good, filled("modes", numpy.nan)), material, JUDGED),
        predict("a good file", good, material, frozenset({0}))]


def mutated(material, random):
    mutator = random.choice([cut, with_bits_flipped, with_stretches_changed, with_objects_changed, with_objects_changed])
    return predict(mutator.__name__, mutator(material.sweeps["emulator"], random), material, FINISHED)
