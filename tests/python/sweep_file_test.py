"""The sweep file from outside: what h5py and xarray see, and what is left of it when all ranks are killed.

Needs the program of MPI tests: GLUESWEEP_MPI_TEST, or tests/gluesweep_mpi_test beside GLUESWEEP_PROGRAM.
GLUESWEEP_KILLS sets the number of kills (default 4).
"""

import os
import pathlib
import random
import signal
import subprocess
import tempfile
import time
import unittest

import h5py
import numpy
import xarray

STATUS_NAMES = "pending converged not_converged failed_nonfinite degenerate_patch matching_only"
BARE_DIMENSION = b"This is a netCDF dimension but not a netCDF variable."


def find_program():
    if "GLUESWEEP_MPI_TEST" in os.environ:
        return os.environ["GLUESWEEP_MPI_TEST"]
    return str(pathlib.Path(os.environ["GLUESWEEP_PROGRAM"]).parent / "tests" / "gluesweep_mpi_test")


def start(test, ranks, **variables):
    """Starts one of the program's tests in a process group of its own."""
    command = [os.environ.get("GLUESWEEP_MPIEXEC", "mpirun"), "-n", str(ranks), find_program(),
               f"--gtest_filter=SweepFileMpi.{test}"]
    environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                   "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMP_NUM_THREADS": "1", **variables}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            start_new_session=True)


def descendants(pid):
    """Process ids below pid, from /proc."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
    found = [pid]
    for parent in found:
        found += [child for child, its_parent in parents.items() if its_parent == parent]
    return found[1:]


class Example(unittest.TestCase):
    """A file of 100 samples of which the last ten are pending."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="gluesweep-")
        cls.path = os.path.join(cls.directory.name, "example.h5")
        run = start("WritesAnExample", 2, GLUESWEEP_EXAMPLE_FILE=cls.path)
        output, _ = run.communicate(timeout=120)
        assert run.returncode == 0, output

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def test_root_opens_in_xarray(self):
        with xarray.open_dataset(self.path, engine="h5netcdf") as data:
            self.assertEqual(dict(data.sizes), {"sample": 100, "t": 17})
            self.assertEqual(set(data.coords), {"sample", "t"})
            numpy.testing.assert_array_equal(data.sample, numpy.arange(100))
            numpy.testing.assert_allclose(data.t, numpy.geomspace(1e-3, 1e3, 17))
            expected = ["m", "g", "phi", "phi_t", "n"]
            expected += [f"{p}_c{i}" for p in ("frozen", "oscillating") for i in (1, 2, 3)]
            expected += [f"{p}_c{i}_limit" for p in ("frozen", "oscillating") for i in (1, 2, 3)]
            expected += ["crossover_frozen_oscillating", "amplitude", "phi_matching", "n_matching", "status", "defect",
                         "error_estimate", "reference_error", "matching_error", "iterations", "seconds", "rescue",
                         "seed"]
            self.assertEqual(list(data.data_vars), expected)  # in the order of creation
            for name in ("phi", "phi_t", "n", "frozen_c1", "oscillating_c3", "phi_matching"):
                self.assertEqual(data[name].dims, ("sample", "t"), name)
            for name in ("m", "frozen_c1_limit", "crossover_frozen_oscillating", "amplitude", "status", "seed"):
                self.assertEqual(data[name].dims, ("sample",), name)
            self.assertEqual(data.status.dtype, numpy.uint8)
            self.assertEqual(data.iterations.dtype, numpy.int32)
            self.assertEqual(data.seed.dtype, numpy.int64)
            self.assertTrue((data.seed[:90] == 7).all())
            self.assertTrue((data.status[:90] > 0).all() and (data.status[90:] == 0).all())
            self.assertTrue(numpy.isfinite(data.phi[:90]).all() and numpy.isnan(data.phi[90:]).all())
            self.assertTrue(numpy.isfinite(data.m).all())  # known for pending points too
            self.assertEqual(data.phi_t.attrs["units"], "GeV/s")

    def test_network_opens_in_xarray(self):
        with xarray.open_dataset(self.path, group="network", engine="h5netcdf") as data:
            self.assertEqual(data["head"].dims, ("sample", "feature", "constant"))
            self.assertEqual(data["head"].shape, (100, 5, 6))
            self.assertEqual(data["map"].dims, ("sample", "patch", "map_parameter"))
            self.assertEqual(data["map"].shape, (100, 2, 3))
            self.assertEqual(data["trunk_weight_1"].dims, ("neuron", "neuron_in"))
            self.assertEqual(data["trunk_mixing"].dims, ("neuron_or_one", "feature"))
            self.assertEqual(data["rescue_trunk_slope"].shape, (12,))
            numpy.testing.assert_array_equal(data["trunk_slope"], numpy.arange(6) / 3)
            self.assertEqual(data["head"].attrs["constants"].split()[:2], ["frozen_c1", "frozen_c2"])
            self.assertEqual(data["map"].attrs["patches"], "frozen oscillating")
            self.assertTrue(numpy.isfinite(data["head"][:90]).all())

    def test_every_variable_is_described(self):
        with h5py.File(self.path) as file:
            for group in (file, file["network"]):
                for name, item in group.items():
                    if isinstance(item, h5py.Group) or item.attrs.get("NAME", b"").startswith(BARE_DIMENSION):
                        continue
                    self.assertTrue(item.attrs["units"], name)
                    self.assertTrue(item.attrs["long_name"], name)
                    self.assertNotEqual(item.dtype.kind, "b", name)  # no HDF5 booleans
                    for axis in range(item.ndim):
                        self.assertTrue(h5py.h5ds.is_scale(item.id) or len(item.dims[axis]) == 1, f"{name} axis {axis}")

    def test_rows_stand_in_one_piece_and_creation_order_is_kept(self):
        with h5py.File(self.path) as file:
            for name in ("phi", "status", "network/head"):
                self.assertIsNone(file[name].chunks, name)
            tracked = h5py.h5p.CRT_ORDER_TRACKED
            self.assertTrue(file["network"].id.get_create_plist().get_link_creation_order() & tracked)
            self.assertTrue(file["phi"].id.get_create_plist().get_attr_creation_order() & tracked)

    def test_status_flags(self):
        with h5py.File(self.path) as file:
            status = file["status"]
            self.assertEqual(status.attrs["flag_values"].dtype, numpy.uint8)
            self.assertEqual(list(status.attrs["flag_values"]), list(range(6)))
            self.assertEqual(status.attrs["flag_meanings"], STATUS_NAMES)
            self.assertNotIn("_FillValue", status.attrs)

    def test_root_attributes(self):
        with h5py.File(self.path) as file:
            attributes = dict(file.attrs)
        self.assertEqual(attributes["Conventions"], "CF-1.8")
        self.assertEqual(attributes["format_version"], 1)
        self.assertEqual(attributes["mpi_size"], 2)
        self.assertEqual(attributes["problem"], "oscillator")
        self.assertEqual(attributes["description"], "A field, frozen at first, oscillating later. ΛCDM.")
        self.assertEqual(attributes["swept_parameters"], "m g")
        for name in ("job", "job_hash", "gluesweep_version", "git_commit", "libtorch_version", "mpi_version",
                     "hdf5_version", "compiler", "title"):
            self.assertTrue(attributes[name], name)
        self.assertRegex(attributes["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


class Killed(unittest.TestCase):
    """A run whose ranks are all killed at a random moment leaves a readable file in which no status lies."""

    def kill_once(self, directory, number):
        path = os.path.join(directory, f"{number}.h5")
        run = start("WritesUntilKilled", 2, GLUESWEEP_ENDLESS_FILE=path)
        try:
            deadline = time.time() + 60
            while not os.path.exists(path) and time.time() < deadline:
                time.sleep(0.002)
            time.sleep(random.uniform(0.0, 1.0))
        finally:
            for pid in [*descendants(run.pid), run.pid]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            run.communicate()

        with h5py.File(path) as file:
            done = file["status"][:] > 0
            for name, item in [*file.items(), *file["network"].items()]:
                if isinstance(item, h5py.Dataset) and item.ndim and item.dtype.kind == "f" and \
                        item.shape[0] == done.size and name not in ("reference_error", "t"):
                    self.assertTrue(numpy.isfinite(item[:][done]).all(), name)
        os.remove(path)
        return int(done.sum())

    def test_kill(self):
        with tempfile.TemporaryDirectory(prefix="gluesweep-") as directory:
            counts = [self.kill_once(directory, i) for i in range(int(os.environ.get("GLUESWEEP_KILLS", "4")))]
        print(f"{len(counts)} of {len(counts)} files readable; samples done: {counts}")
        self.assertTrue(any(counts), "no run was killed while it was writing")


if __name__ == "__main__":
    unittest.main()
