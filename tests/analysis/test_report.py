"""Reports: complete, self-contained, and sensible for scans of every kind."""
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import h5py
import numpy as np
import pytest
from conftest import SOURCE
from gluesweep_analysis import open_scan, report

SECTIONS = ["run", "quality", "solutions", "coefficients", "derived", "time", "job"]
VOID = {"meta", "br"}


class Page(HTMLParser):
    """Checks that elements nest, and collects ids, links and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.words, self.tags = [], [], [], [], []
        self.source = text
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[name] for name in ("href", "xlink:href", "src") if name in found]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def build(path):
    with open_scan(path) as scan:
        text = report.build(scan)
    page = Page(text)
    assert [name for name in page.ids if name in SECTIONS] == SECTIONS
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        assert link.startswith("data:image/png;base64,") or (link[0] == "#" and link[1:] in page.ids), link[:80]
    assert not re.search(r"url\((?!#)|@import|<script", text)
    assert not re.search(r"\bnan\b|\binf\b|#0[0-9a-f]0[0-9a-f]0[0-9a-f]", page.text)
    assert "prefers-color-scheme: dark" in text
    return page


def test_a_scan_over_two_parameters(make):
    page = build(make("two", "verification.reference_fraction=0.5"))
    for words in ("tiny decay", "20 of 20 points converged (100%)", "late amplitude", "points verified",
                  "Estimated error over the parameter space", "Distribution of the errors",
                  "Is the estimate to be trusted?", "Where conventional matching goes wrong", "A, typical points",
                  "c of second", "d of first", "Crossover from second to first", "How far this scan would scale",
                  "sampler: sobol"):
        assert words in page.text, words
    assert "k₁ [1/s]" in page.text and "var(--s1)" in page.source  # figures in the page's own colours


def test_a_scan_that_stopped_and_failed(tiny, tmp_path):
    path = tmp_path / "broken.h5"
    path.write_bytes(tiny.read_bytes())
    with h5py.File(path, "r+") as file:
        file["status"][12:] = 0
        file["status"][3], file["status"][4] = 3, 2
        file["error_estimate"][4] = 0.5
        for name, item in file.items():
            if isinstance(item, h5py.Dataset) and item.dtype.kind == "f" and item.shape[:1] == (20,):
                if name not in ("k1", "k2"):
                    item[12:] = np.nan
                if name in ("A", "late", "error_estimate", "second_c", "first_d"):
                    item[3] = np.nan
    page = build(path)
    for words in ("8 points still pending", "10 of 20 points converged (50%)", "Where points did not converge",
                  "not converged (1)", "failed nonfinite (1)", "pending (8)"):
        assert words in page.text, words


@pytest.mark.parametrize("name, settings", {
    "nothing_done": [],
    "one_point": ["sweep.samples=1"],
    "bare": ["output.store=[]", "verification.estimate=false", "sweep.samples=6"],
    "three": ["sweep.parameters.lambda={range: [0.5, 2], scale: log}", "sweep.samples=300", "output.points=9"],
    "matching": ["training.method=matching", "sweep.samples=6"],
}.items())
def test_scans_of_other_kinds(make, name, settings):
    path = make("report_" + name, *settings)
    if name == "nothing_done":
        with h5py.File(path, "r+") as file:
            file["status"][:] = 0
    page = build(path)
    expected = {"nothing_done": "No point is finished yet", "one_point": "1 point", "three": "λ",
                "bare": "Neither solutions nor networks are stored", "matching": "of 6 points matched"}[name]
    assert expected in page.text


def test_the_command(make, tmp_path):
    small = make("small", "sweep.samples=2", "output.store=[]", "verification.estimate=false")

    def call(*arguments):
        return subprocess.run([sys.executable, "-m", "gluesweep_analysis", *map(str, arguments)], capture_output=True,
                              text=True, timeout=120, env={**os.environ, "PYTHONPATH": str(SOURCE / "analysis")})

    done = call("report", small, "-o", tmp_path / "r.html")
    assert done.returncode == 0 and done.stdout.startswith("wrote ")
    Page((tmp_path / "r.html").read_text())
    told = call("info", small)
    assert "converged          2" in told.stdout and "late amplitude [mol/L]" in told.stdout
    done = call("report", tmp_path / "absent.h5")
    assert done.returncode == 2 and done.stderr.startswith("gluesweep_analysis: cannot read ")
