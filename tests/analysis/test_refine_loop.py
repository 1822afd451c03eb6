"""The loop that refines a scan, on a small problem: it grows the scan, measures it and stops."""
import os
import re
import subprocess
import sys

import h5py
from conftest import SOURCE, TINY


def loop(folder, *options):
    (folder / "tiny.yaml").write_text(TINY)
    command = [sys.executable, str(SOURCE / "analysis" / "refine_loop.py"), str(folder / "tiny.yaml"),
               str(folder / "loop"), "--start", "40", "--test", "24", "--regression", "chebyshev", "--max-error", "1e-4", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = re.findall(r"(\w+) +(\d+) points: median (\S+), 99% below (\S+), largest (\S+)", done.stdout)
    return [(label, int(points), *map(float, errors)) for label, points, *errors in lines]


def test_it_grows_until_there_are_most(tmp_path):
    rows = loop(tmp_path, "--target", "1e-12", "--growth", "0.5", "--most", "60", "--sobol", "--set",
                "sweep.parameters.k1=0.05")
    assert [row[:2] for row in rows] == [("refined", 40), ("refined", 60), ("sobol", 40), ("sobol", 60)]
    assert rows[0][2:] == rows[2][2:], "the first points are those of the sequence"
    for _, _, median, high, largest in rows:
        assert 0 < median <= high <= largest < 0.1
    with h5py.File(tmp_path / "loop" / "round_1.h5", "r") as file:
        assert file["k2"].shape == (20,) and "k1" not in file


def test_it_stops_at_the_target(tmp_path):
    rows = loop(tmp_path, "--target", "0.5")
    assert [row[:2] for row in rows] == [("refined", 40)]
    assert rows[0][3] <= 0.5
