"""The CD3 gate as found in eight real tubes of five laboratories, held against a reader's eye.

The bands are where one person would put the cut, in shares of the logicle scale, read off
histograms that showed the found cut too: a valley is wide, and no place in it is wrong. Two
tubes have no such valley: one holds values that were scaled before they were written, of the
other only one kind of cell.
"""

import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import carflow as cf
from carflow.gating.lock import FrozenGate
from carflow.gating.scales import Logicle
from carflow.gating.template import parse_template


class Seen(NamedTuple):
    """A tube, its CD3 channel, and between which places the eye sees the valley."""

    file: str
    cd3: str
    low: float
    high: float
    top: float = 262144
    compensation: str = "file"


_DONOR = "UCLouvain-CBIO+CytoPipeline"
_ITN = "cytoflow+cytoflow/cytoflow/tests/data/module_examples"
_ISAC = "whitews+FlowKit/data/gate_ref"
VALLEYS = (
    Seen("HuRunhuan+Flow-Cytometry-Auto-TBNK/bin/Debug/1.fcs", "FITC-A", 0.54, 0.60),
    Seen(f"{_DONOR}/_history/01c225b8_sample_Donor1.fcs", "670/30Violet-A", 0.33, 0.43),
    Seen(f"{_DONOR}/inst/extdata/Donor1.fcs", "670/30Violet-A", 0.33, 0.43),
    Seen(f"{_ITN}/itn_02.fcs", "CD3", 0.70, 0.82, top=1024, compensation="none"),
    Seen("saeyslab+FlowSOM/inst/extdata/68983.fcs", "PE-Cy7-A", 0.34, 0.46),
    Seen(f"{_ISAC}/data1.fcs", "FL3-H", 0.38, 0.50, top=10000, compensation="none"),
)
NO_VALLEY = (
    ("saeyslab+PeacoQC/_history/8c0aad97_091_QC.fcs", "R780-A"),
    ("whitews+FlowKit/data/test_comp_example.fcs", "PE-Cy7-A"),
)


def found_cd3(
    corpus: Path, folder: Path, file: str, cd3: str, *, top: float, compensation: str
) -> FrozenGate:
    """Fit a template of two gates, cells and CD3+, to one real tube."""
    path = corpus / "fcs" / file
    tube = cf.read_fcs(path)
    size = next(name for name in tube.channels if name.startswith("FSC"))
    widest = tube.ranges[tube.channels.index(size)]
    text = f"""
format = 1
name = "real"
compensation = "{compensation}"
[scales]
fluorescence = {{ type = "logicle", t = {top}, w = 0.5, m = 4.5, a = 0 }}
size = {{ type = "log", t = {widest}, m = 5 }}
[markers]
"{size}" = "size"
"{cd3}" = "fluorescence"
[[population]]
name = "cells"
interval = {{ of = "{size}", low = {0.1 * widest} }}
estimate = {{ method = "valley", valley = "first", range = [{0.01 * widest}, {0.25 * widest}] }}
[[population]]
name = "CD3+"
parent = "cells"
interval = {{ of = "{cd3}", low = {0.006 * top} }}
estimate = {{ method = "valley", range = [{0.0008 * top}, {0.4 * top}] }}
"""
    shutil.copy(path, folder / "tube.fcs")  # for the time of the test
    (folder / "samples.csv").write_text(
        "file,sample_id,subject_id,day,sample_type\ntube.fcs,S,P,1,patient\n", encoding="utf-8"
    )
    gates = cf.fit_gates(cf.read_study(folder / "samples.csv"), parse_template(text))
    assert gates.lock is not None
    return next(one for one in gates.lock.gates if one.population == "CD3+")


@pytest.mark.parametrize("seen", VALLEYS, ids=lambda one: one.file.split("+")[0])
def test_the_cut_lies_in_the_valley_a_reader_sees(corpus: Path, tmp_path: Path, seen: Seen) -> None:
    gate = found_cd3(
        corpus, tmp_path, seen.file, seen.cd3, top=seen.top, compensation=seen.compensation
    )

    assert gate.fallback == ""
    assert gate.coordinates.low is not None
    scale = Logicle(t=seen.top, w=0.5, m=4.5, a=0)
    [place] = scale.forward(np.array([gate.coordinates.low]))
    assert seen.low <= place <= seen.high


@pytest.mark.parametrize(("file", "cd3"), NO_VALLEY, ids=["scaled before", "one kind of cell"])
def test_no_cut_is_made_up_where_there_is_no_valley(
    corpus: Path, tmp_path: Path, file: str, cd3: str
) -> None:
    gate = found_cd3(corpus, tmp_path, file, cd3, top=262144, compensation="file")

    assert gate.fallback == "template"
    assert gate.reason.startswith(("there is", "no valley"))
