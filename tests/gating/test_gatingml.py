"""Written Gating-ML: FlowKit reads it and finds the same events in the same populations."""

import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from carflow.fcs.reader import read_fcs
from carflow.fcs.writer import write_fcs
from carflow.gating.engine import gate
from carflow.gating.gatingml import gatingml_text
from carflow.gating.template import parse_template
from carflow.gating.tube import Tube

MATRIX = np.array([[1.0, 0.12, 0.0], [0.03, 1.0, 0.2], [0.0, 0.05, 1.0]])


def test_flowkit_finds_the_same_events(
    make_tube: Callable[..., Tube],
    random_events: Callable[..., np.ndarray],
    template: str,
    tmp_path: Path,
) -> None:
    with warnings.catch_warnings():
        # FlowKit's own imports warn about what their authors have yet to change
        warnings.simplefilter("ignore", DeprecationWarning)
        import flowkit
    strategy = parse_template(template)
    panel = make_tube(np.empty((0, 6))).panel
    spill = ",".join(["3", "B1", "V1", "R1", *(repr(float(x)) for x in MATRIX.ravel())])
    events = random_events(4000).astype(np.float32)
    events[:, 5] = np.round(events[:, 5] * 100)
    tube, document = tmp_path / "tube.fcs", tmp_path / "gates.xml"
    write_fcs(
        tube,
        events,
        channels=panel.channels,
        markers=panel.markers,
        keywords={"$SPILLOVER": spill, "$TIMESTEP": "0.01"},
    )
    document.write_text(gatingml_text(strategy), encoding="utf-8")
    ours = gate(read_fcs(tube), strategy)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        read = flowkit.parse_gating_xml(str(document))
        theirs = read.gate_sample(flowkit.Sample(str(tube), filename_as_id=True))
    ids = re.findall(r'gating:id="([^"]+)"', document.read_text(encoding="utf-8"))
    assert len(ids) == len(set(ids)) == len(strategy.populations)
    for name, identity in zip(strategy.short_names(), ids, strict=True):
        assert ours.counts[name] > 0
        assert np.array_equal(ours.mask(name), theirs.get_gate_membership(identity)), name


def test_ids_are_xml_names_and_say_what_they_mean(template: str) -> None:
    text = gatingml_text(parse_template(template))
    assert re.findall(r'gating:id="([^"]+)"', text) == [
        "time", "beads", "cells", "CD3pos", "CARposCD4pos", "CARposCD4neg", "CAR-CD4pos",
        "CAR-CD4neg", "CARpos", "CARpos.CD4pos", "CD3pos.CD4pos",
    ]  # fmt: skip


def test_names_that_escape_alike_stay_apart(template: str) -> None:
    text = gatingml_text(parse_template(template.replace('"beads"', '"CD3pos"')))
    assert re.findall(r'gating:id="(CD3pos[^."]*)"', text) == ["CD3pos", "CD3pos_2"]


def test_channels_take_the_place_of_markers(template: str) -> None:
    text = gatingml_text(parse_template(template), {"CD3": "B1-A<&"})
    assert 'data-type:name="B1-A&lt;&amp;"' in text
    assert 'data-type:name="CD3"' not in text


def test_without_compensation_nothing_refers_to_a_matrix(template: str) -> None:
    text = gatingml_text(parse_template(template.replace('"file"', '"none"')))
    assert "FCS" not in text.replace("fcs-dimension", "")
    assert 'compensation-ref="uncompensated"' in text
