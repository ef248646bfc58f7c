from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import carflow as cf
from carflow.gating.lock import Coordinates, Lock, Override
from carflow.gating.scales import Logicle
from carflow.report import style
from carflow.report.beside import pictures_beside
from carflow.report.found_gates import MOST_COLUMNS, draw_found_gate, found_gates_figure
from carflow.report.page import report_html
from carflow.result.archive import result_from_json, result_to_json
from carflow.result.run import Result


@pytest.fixture(scope="module")
def result(sample_fcs: Path) -> Result:
    study = cf.read_study(sample_fcs / "samples.csv")
    few = replace(study, tubes=(*study.tubes[:2], study.tubes[-1]))
    return cf.run(few, cf.read_gates("car_t_blood_auto"))


def locked(result: Result) -> Lock:
    [lock] = result.provenance.locks
    return lock


def with_lock(result: Result, lock: Lock) -> Result:
    return replace(result, provenance=replace(result.provenance, locks=(lock,)))


def test_every_gate_of_every_tube_is_drawn_and_a_shared_one_once(result: Result) -> None:
    figure = found_gates_figure(result, "P01")

    assert figure is not None
    # nine gates in three tubes, one cut for all, and the legend
    assert len(figure.axes) == 9 * 3 + 1 + 1


def test_beads_are_drawn_with_both_ends_of_their_box(result: Result) -> None:
    lock = locked(result)
    [gate] = [one for one in lock.gates if (one.population, one.sample_id) == ("beads", "P01-d01")]
    scale = Logicle(t=262144, w=0.5, m=4.5, a=0)
    axes = draw_found_gate(style.new_figure(3, 2).add_subplot(), gate, scale)

    ends = [x for x, _ in gate.coordinates.vertices]
    drawn = [np.unique(np.asarray(one.get_xdata(), dtype=float)) for one in axes.lines]
    assert np.concatenate([one for one in drawn if len(one) == 1]) == pytest.approx(
        scale.forward(np.array([min(ends), max(ends)]))
    )


def test_where_nothing_was_found_nothing_is_drawn(result: Result, model_result: Result) -> None:
    assert found_gates_figure(model_result, "P01") is None
    assert found_gates_figure(result, "nobody") is None


def test_a_gate_is_drawn_where_it_lies(result: Result) -> None:
    lock = locked(result)
    [gate] = [one for one in lock.gates if (one.population, one.sample_id) == ("CD3+", "P01-d01")]
    scale = Logicle(t=262144, w=0.5, m=4.5, a=0)
    figure = style.new_figure(3, 2)
    axes = figure.add_subplot()

    assert draw_found_gate(axes, gate, scale) is axes

    assert gate.trace is not None
    assert gate.trace.place is not None
    places = {id(one): np.unique(np.asarray(one.get_xdata(), dtype=float)) for one in axes.lines}
    [line] = [one for one in axes.lines if len(places[id(one)]) == 1]
    assert places[id(line)] == pytest.approx(gate.trace.place, abs=1e-5)
    assert line.get_color() == style.BLUE


def words_of(result: Result) -> set[str]:
    figure = found_gates_figure(result, "P01")
    assert figure is not None
    return {text.get_text() for axes in figure.axes for text in axes.texts}


def test_fallbacks_and_gates_set_by_hand_are_told_in_words(result: Result) -> None:
    lock = locked(result)
    gates = tuple(
        replace(one, fallback="batch median", quality=None)
        if (one.population, one.sample_id) == ("CD3+", "P01-d01")
        else one
        for one in lock.gates
    )
    by_hand = Override(
        population="live", sample_id="P01-d01", coordinates=Coordinates(high=4000.0), reason="r"
    )
    changed = with_lock(result, replace(lock, gates=gates, overrides=(by_hand,)))

    words = words_of(changed)

    assert any(text.endswith("  batch median") for text in words)
    assert "4,000  by hand" in words
    assert not any("batch median" in text or "by hand" in text for text in words_of(result)
                   if "set by hand" not in text)  # fmt: skip


def test_many_tubes_go_on_in_another_block(result: Result) -> None:
    lock = locked(result)
    [tube] = [one for one in result.tube_results if one.sample_id == "P01-d01"]
    [known] = [one for one in lock.tubes if one.sample_id == "P01-d01"]
    names = [f"T{number}" for number in range(MOST_COLUMNS + 1)]
    many = replace(
        with_lock(result, replace(lock, tubes=tuple(replace(known, sample_id=n) for n in names))),
        tube_results=tuple(replace(tube, sample_id=name) for name in names),
    )
    own = tuple(one for one in lock.gates if not one.sample_id)
    traced = next(one.trace for one in lock.gates if one.population == "CD3+" and one.trace)
    shared = tuple(replace(one, trace=traced) for one in own if one.population == "CD3+")
    figure = found_gates_figure(with_lock(many, replace(locked(many), gates=shared)), "P01")

    assert figure is not None
    assert len(figure.axes) == 2 + 1  # one shared gate in each block, and the legend


def test_the_page_shows_the_figure_and_the_result_keeps_it(result: Result) -> None:
    kept = result_from_json(result_to_json(result))
    assert kept.provenance.locks == result.provenance.locks

    [subject] = kept.subject_results
    first, *_ = pictures_beside(kept, subject)
    assert first.kind == "found-gates"
    page = report_html(kept, {}, {"P01": (first,)})

    assert "The gates as found, each on the density that led to it" in page
