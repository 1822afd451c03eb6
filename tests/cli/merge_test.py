"""Parts of a scan made one file again: bitwise where processors agree, and where they do not."""
import unittest

from program import ProgramTest, contents, need

h5py = need("h5py")
numpy = need("numpy")

QUIET = ["--progress", "none"]
TRUNKS = (["--set", "network.trunk.train=none"], [])
# Another processor: neither this program's kernels nor those of the linear algebra are the ones of this machine.
PLAIN = {"GLUESWEEP_PROCESSOR": "baseline", "OPENBLAS_CORETYPE": "Nehalem"}


def coefficients(path):
    """Functions (sample, place, constant) of the stored networks, without their scales, at places of xi."""
    with h5py.File(path, "r") as file:
        network = file["network"]
        curves = []
        for head, rescue in zip(network["head"][:], file["rescue"][:]):
            trunk = "rescue_trunk_" if rescue else "trunk_"
            xi = numpy.linspace(-1, 1, 101)
            neurons = numpy.tanh(network[trunk + "slope"][:] * (xi[:, None] - network[trunk + "centre"][:]))
            features = numpy.column_stack([neurons, numpy.ones(len(xi))]) @ network[trunk + "mixing"][:]
            curves.append(features @ head[:features.shape[1]])
        return numpy.array(curves)


class Merge(ProgramTest):
    def parts(self, *settings, environments=({}, {}, {})):
        names = []
        for i, environment in enumerate(environments, 1):
            names.append(f"{i}.h5")
            self.call("run", "job.yaml", "-o", names[-1], "--part", f"{i}/{len(environments)}", *QUIET, *settings,
                      **environment)
        return names

    def test_parts_are_the_whole(self):
        self.call("run", "job.yaml", "-o", "whole.h5", *QUIET)
        names = self.parts()
        out = self.call("merge", *reversed(names), "-o", "merged.h5").out
        self.assertNotIn("carried over", out)
        self.equal("merged.h5", contents(self.folder / "whole.h5"))
        self.call("merge", *names, "-o", "virtual.h5", "--virtual")
        self.equal("virtual.h5", contents(self.folder / "whole.h5"))
        self.refuse_others(names)

    def refuse_others(self, names):
        self.call("run", "job.yaml", "-o", "other.h5", "--part", "2/3", *QUIET, "--set", "sweep.seed=8")
        for arguments, words in [((names[0], names[2]), ["no part holds samples 8 to 15", "of the scan's 20"]),
                                 ((names[0], names[0], *names[1:]), ["overlap"]),
                                 ((names[0], "other.h5", names[2]), ["other.h5 is not a part of the same scan as 1.h5"])]:
            error = self.call("merge", *arguments, "-o", "x.h5", code=2).err
            for word in words:
                self.assertIn(word, error)
            self.assertFalse((self.folder / "x.h5").exists())

    def test_parts_of_processors_that_round_differently(self):
        for trunk in TRUNKS:
            with self.subTest(trunk=trunk):
                settings = [*trunk, "--set", "training.tolerance=1e-6"]  # which some points need the rescue for
                names = self.parts(*settings, environments=({}, PLAIN))
                with h5py.File(self.folder / "1.h5") as one, h5py.File(self.folder / "2.h5") as two:
                    self.assertFalse(numpy.array_equal(*(file["network/trunk_mixing"][:] for file in (one, two))))
                out = self.call("merge", *names, "-o", "merged.h5").out
                self.assertRegex(out, "carried over +1 part was trained on a processor that rounds differently")
                found = coefficients(self.folder / "merged.h5")
                expected = numpy.concatenate([coefficients(self.folder / name) for name in names])
                self.assertLess(numpy.abs(found - expected).max(), 1e-9)
                refused = self.call("merge", *names, "-o", "virtual.h5", "--virtual", code=2).err
                self.assertIn("merge without --virtual", refused)
                self.assertFalse((self.folder / "virtual.h5").exists())
                for name in (*names, "merged.h5"):
                    (self.folder / name).unlink()

    def test_refuses_other_hidden_layers(self):
        names = self.parts(environments=({}, {}))
        with h5py.File(self.folder / names[1], "r+") as file:
            file["network/trunk_centre"][:10] += 0.3
        error = self.call("merge", *names, "-o", "merged.h5", code=2).err
        self.assertIn("2.h5 was trained on other hidden layers than 1.h5", error)
        self.assertFalse((self.folder / "merged.h5").exists())


if __name__ == "__main__":
    unittest.main()
