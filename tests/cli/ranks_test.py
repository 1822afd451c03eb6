"""The numbers in the file are bitwise the same for any number of ranks and both ways to start."""
import unittest

from program import ProgramTest, need

h5py = need("h5py")
numpy = need("numpy")

VARYING = {"seconds"}  # wall time


def contents(path):
    """{name: raw bytes} of all datasets."""
    found = {}
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, item: found.update({name: item[()].tobytes()})
                        if isinstance(item, h5py.Dataset) and name not in VARYING else None)
    return found


class Ranks(ProgramTest):
    def test_bitwise_equal(self):
        self.call("run", "job.yaml", "-o", "alone.h5")
        expected = contents(self.folder / "alone.h5")
        self.assertIn("A", expected)
        self.assertIn("network/head", expected)
        for ranks in (1, 2, 3):
            finished = self.call("run", "job.yaml", "-o", f"{ranks}.h5", ranks=ranks)
            self.assertEqual(finished.out.count("20 of 20 done"), 1, str(finished))
            self.assertEqual(finished.err.count("20 of 20 points (100%)"), 1, str(finished))
            found = contents(self.folder / f"{ranks}.h5")
            self.assertEqual(found.keys(), expected.keys())
            different = [name for name in expected if found[name] != expected[name]]
            self.assertEqual(different, [], f"differ between 1 process and {ranks} ranks")

    def test_more_ranks_than_blocks(self):
        finished = self.call("run", "job.yaml", "--set", "run.block=16", "-o", "a.h5", ranks=3)
        self.assertIn("without work: a smaller run.block gives more blocks", finished.out)
        with h5py.File(self.folder / "a.h5", "r") as file:
            self.assertTrue((file["status"][:] == 1).all())

    def test_a_list_reaches_all_ranks(self):
        rows = ["k2,k1"] + [f"{10 + 7 * i},{0.01 + 0.03 * i}" for i in range(13)]
        (self.folder / "points.csv").write_text("\n".join(rows) + "\n")
        self.call("run", "job.yaml", "--set", "sweep={sampler: list, file: points.csv}", "-o", "a.h5", ranks=3)
        with h5py.File(self.folder / "a.h5", "r") as file:
            numpy.testing.assert_array_equal(file["k2"][:], [10.0 + 7 * i for i in range(13)])
            numpy.testing.assert_array_equal(file["k1"][:], [float(row.split(",")[1]) for row in rows[1:]])
            self.assertTrue((file["status"][:] == 1).all())
        self.assertIn("13 of 13 done", self.call("show", "a.h5").out)


if __name__ == "__main__":
    unittest.main()
