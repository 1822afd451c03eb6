"""What several ranks share: more of them than blocks, and a list of points that only one of them reads."""
import unittest

from program import ProgramTest, need

h5py = need("h5py")
numpy = need("numpy")


class Ranks(ProgramTest):
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
