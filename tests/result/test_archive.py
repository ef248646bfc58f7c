import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import carflow as cf
from carflow.errors import ResultError
from carflow.result.archive import result_from_json, result_to_json
from carflow.result.run import Result


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory, write_tube: Callable[..., Path]) -> Result:
    """A run whose peak is open (the last day is highest) and one of whose tubes failed."""
    folder = tmp_path_factory.mktemp("archive")
    write_tube(folder / "a.fcs", identity="a", car=100)
    write_tube(folder / "b.fcs", identity="b", car=500)
    (folder / "samples.csv").write_text(
        "file,sample_id,subject_id,day,sample_type\n"
        "a.fcs,A,P1,4,patient\nb.fcs,B,P1,7,patient\ngone.fcs,C,P1,9,patient\n",
        encoding="utf-8",
    )
    return cf.run(cf.read_study(folder / "samples.csv"), cf.read_gates("car_t_blood"))


def test_a_result_is_the_same_when_written_and_read(result: Result) -> None:
    again = result_from_json(result_to_json(result))

    assert again == replace(result, manifest=())
    assert again.quantities.equals(result.quantities)


def test_an_open_bracket_survives(result: Result) -> None:
    kinetics = result_from_json(result_to_json(result)).subject("P1").kinetics_of("car_pct_cd3")

    assert kinetics is not None
    assert kinetics.peak.bracket == (4.0, math.inf)
    assert kinetics.peak.reason == "PEAK_NOT_REACHED"


def test_the_json_is_standard_and_names_no_file(result: Result) -> None:
    text = result_to_json(result)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(text, parse_constant=refuse)
    assert ".fcs" not in text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not a carflow result (run `carflow run` again)"),
        ("[]", "is not a carflow result (run `carflow run` again)"),
        (
            '{"schema": "carflow-result-0"}',
            "is not a result of this version (expected schema carflow-result-1)",
        ),
        (
            '{"schema": "carflow-result-1", "result": {"tube_results": 7}}',
            "is not a carflow result (run `carflow run` again)",
        ),
    ],
)
def test_anything_else_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ResultError) as caught:
        result_from_json(text)

    assert str(caught.value) == sentence
