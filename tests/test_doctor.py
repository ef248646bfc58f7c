"""The self-test: well here, and it must fail where something is wrong."""

import json
from importlib import metadata
from pathlib import Path

import flowio
import pytest

from carflow import cli, doctor
from carflow.doctor import Answer, Examined, examine
from carflow.errors import ExitCode
from carflow.quantify import intervals


def found(name: str) -> Examined:
    """Return one part as it is found now; the sample course takes seconds and is asked once."""
    return doctor._examined(name, doctor._QUESTIONS[name])


def test_this_installation_is_well() -> None:
    examined = examine()

    assert [one.name for one in examined] == [
        "packages", "compiled part", "reading", "gating", "counting", "kinetics", "sample course"
    ]  # fmt: skip
    assert [one.told for one in examined if not one.is_well] == []
    assert [one.told for one in examined[2:]] == [
        f"{count} answers, all right" for count in (4, 13, 3, 5, 12)
    ]


def test_an_installation_without_the_compiled_part_is_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CARFLOW_COMPILED", "0")

    assert doctor._compiled_part() == Examined(
        name="compiled part",
        is_well=True,
        told=(
            "none, or switched off: large tubes take up to three times as long, "
            "and no number changes"
        ),
    )


def test_a_wrong_number_is_told_with_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = intervals.Interval(0.26, 0.3662)
    monkeypatch.setattr(intervals, "wilson", lambda *_: narrow)

    assert found("counting") == Examined(
        name="counting",
        is_well=False,
        told="1 of 3 answers are wrong, first: the lower bound of 81 of 263 by Wilson is 0.2553, "
        "given was 0.26",
    )


def test_what_cannot_even_be_asked_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ImportError("libm.so.6: cannot open shared object file")

    monkeypatch.setattr(intervals, "wilson", broken)

    assert found("counting") == Examined(
        name="counting",
        is_well=False,
        told="ImportError: libm.so.6: cannot open shared object file",
    )


def test_a_file_that_is_read_although_it_was_cut_is_a_wrong_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor, "_CUT_OFF", -10_000)  # nothing is cut

    assert found("reading").told == (
        "1 of 4 answers are wrong, first: the file cut short is FCS-TRUNCATED, given was read "
        "without a word"
    )


def test_another_reader_finds_the_same_numbers_in_the_file_written_byte_by_byte(
    tmp_path: Path,
) -> None:
    path = tmp_path / "known.fcs"
    path.write_bytes(doctor._integer_file([1, 1023, 0x4000 | 7, 512, 300, 0x8000 | 9]))

    assert flowio.FlowData(str(path)).as_array(preprocess=True).tolist() == [
        [1.0, 1023.0], [7.0, 512.0], [300.0, 9.0]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("needs", "installed", "is_well", "told"),
    [
        (["numpy>=2"], {"numpy": "2.4.6"}, True, "numpy 2.4.6"),
        (["numpy>=2"], {"numpy": "1.26.4"}, False, "numpy 1.26.4 is installed, needed is >=2"),
        (["numpy>=2", "scipy>=1.14"], {"numpy": "2.1"}, False, "scipy is not installed"),
        (
            ["numpy>=2", 'numpyro>=0.16; extra == "bayes"'], {"numpy": "2.1"}, True,
            "numpy 2.1, numpyro not installed (an extra)",
        ),
        (
            ['numpyro>=0.16; extra == "bayes"'], {"numpyro": "0.15"}, False,
            "numpyro 0.15 is installed, needed is >=0.16",
        ),
        (
            None, {}, False,
            "carflow itself was not installed, so what it needs is not known (pip install)",
        ),
    ],
)  # fmt: skip
def test_packages_are_compared_with_what_carflow_needs(
    monkeypatch: pytest.MonkeyPatch,
    needs: list[str] | None,
    installed: dict[str, str],
    is_well: bool,
    told: str,
) -> None:
    def requires(name: str) -> list[str]:
        if needs is None:
            raise metadata.PackageNotFoundError(name)
        return needs

    def version(name: str) -> str:
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(metadata, "requires", requires)
    monkeypatch.setattr(metadata, "version", version)

    assert doctor._packages() == Examined(name="packages", is_well=is_well, told=told)


@pytest.mark.parametrize(
    ("right", "given", "tolerance", "is_right"),
    [
        (0.25, 0.2504, 5e-4, True),
        (0.25, 0.2506, 5e-4, False),
        (12.0, None, 1.0, False),
        (12.0, float("nan"), 1.0, False),
        ([1.0], [1.0], 0.0, True),
        ("FCS-TRUNCATED", "read without a word", 0.0, False),
    ],
)
def test_an_answer_is_right_within_its_tolerance(
    right: object, given: object, tolerance: float, is_right: bool
) -> None:
    assert Answer("x", right, given, tolerance).is_right is is_right


@pytest.mark.parametrize(
    ("is_well", "code", "lines"),
    [
        (True, ExitCode.OK, ["well  reading: as told", ": well"]),
        (False, ExitCode.QC_FAIL, ["FAIL  reading: as told", ": do not use it for results"]),
    ],
)
def test_the_command_ends_in_5_where_something_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_well: bool,
    code: ExitCode,
    lines: list[str],
) -> None:
    examined = Examined(name="reading", is_well=is_well, told="as told")
    monkeypatch.setattr(doctor, "examine", lambda: (examined,))

    assert cli.main(["doctor"]) == code
    assert capsys.readouterr().out.splitlines() == [lines[0], doctor.versions_text() + lines[1]]
    assert cli.main(["doctor", "--json"]) == code
    assert json.loads(capsys.readouterr().out) == {
        "versions": doctor.versions_text(),
        "is_well": is_well,
        "examined": [{"name": "reading", "is_well": is_well, "told": "as told"}],
    }
