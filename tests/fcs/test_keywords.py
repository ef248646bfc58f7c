"""Typed keywords: ASCII numbers only, and the keyword is named."""

import pytest

from carflow.errors import FcsError
from carflow.fcs.keywords import Keywords, parse_number


@pytest.mark.parametrize("text", ["4_00", "+400", "-1", "٤٠٠", "400.0", "0x10", "4 00", "1e2"])
def test_only_ascii_digits_make_a_whole_number(text: str) -> None:
    with pytest.raises(FcsError) as caught:
        Keywords({"$TOT": text}).integer("$TOT")

    assert caught.value.code == "FCS-KEYWORD"
    assert str(caught.value) == (
        "the keyword $TOT is not a whole number "
        "(export the tube again from the cytometer's software)"
    )


def test_blanks_around_a_number_do_not_matter() -> None:
    assert Keywords({"$TOT": " 000400 "}).integer("$TOT") == 400


@pytest.mark.parametrize("values", [{}, {"$TOT": " "}])
def test_a_missing_keyword_is_named(values: dict[str, str]) -> None:
    with pytest.raises(FcsError) as caught:
        Keywords(values).integer("$TOT")

    assert caught.value.code == "FCS-KEYWORD-MISSING"
    assert caught.value.problem == "the required keyword $TOT is missing or empty"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-2e-3", -0.002),
        ("1E-06", 1e-6),
        ("1,5", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("1_0", None),
        ("", None),
    ],
)
def test_numbers_are_ascii_and_finite(text: str, number: float | None) -> None:
    assert parse_number(text) == number
