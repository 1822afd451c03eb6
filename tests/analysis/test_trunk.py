"""Pictures of trunks."""
import os
import pathlib
import subprocess
import sys

import matplotlib.image
import pytest
from conftest import SOURCE
from gluesweep_analysis import AnalysisError
from gluesweep_analysis.trunk import draw, read_diagnosis, save_picture


@pytest.fixture(scope="module")
def diagnose(make):
    def run(name: str, *options: str) -> pathlib.Path:
        path = make.folder / f"{name}_diagnosis.h5"
        done = subprocess.run([os.environ["GLUESWEEP_PROGRAM"], "diagnose", str(make.folder / "tiny.yaml"), "-o", str(path),
                               *options], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return path
    return run


def test_a_deep_trunk(diagnose, tmp_path):
    path = diagnose("deep", "--set", "network.trunk={layers: 4, init: critical}", "--width", "40", "--draws", "2", "--depth", "8")
    figure = draw(read_diagnosis(str(path)))
    assert len(figure.axes) == 8
    phases = figure.axes[3]
    assert any(line.get_label() == "critical" for line in phases.lines)
    picture = save_picture(str(path), str(tmp_path / "trunk.png"))
    pixels = matplotlib.image.imread(picture)
    assert pixels.shape[1] > 1000 and pixels.std() > 0.05


@pytest.mark.parametrize("options", [("--draws", "0", "--set", "network.trunk={layers: 3, skip: residual}"),
                                     ("--draws", "0", "--set", "network.trunk={layers: 3, activation: silu, init: {sigma_w: 3}}")])
def test_whatever_is_missing_is_not_drawn(diagnose, options):
    figure = draw(read_diagnosis(str(diagnose(f"trunk_{len(''.join(options))}", *options))))
    assert len(figure.axes) == 8


def test_another_file_is_refused(make, tiny, tmp_path):
    with pytest.raises(AnalysisError, match="no diagnosis"):
        read_diagnosis(str(tiny))
    with pytest.raises(AnalysisError, match="cannot read"):
        read_diagnosis(str(tmp_path / "missing.h5"))
    done = subprocess.run([sys.executable, "-m", "gluesweep_analysis", "trunk", str(tiny)], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(SOURCE / "analysis")})
    assert done.returncode == 2 and "no diagnosis" in done.stderr
