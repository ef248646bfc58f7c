import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.errors import SheetError
from carflow.study.cells import (
    NumberGrammar,
    is_missing,
    parse_dataset,
    parse_exclude_reason,
    parse_id,
    parse_sample_type,
    parse_volume_unit,
    quoted,
)
from carflow.study.model import LabValue, SampleType

POINT = NumberGrammar(".")
POINT_FIRST = NumberGrammar(".,")
COMMA_FIRST = NumberGrammar(",.")

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(finite)
def test_a_number_written_with_a_point_comes_back(value: float) -> None:
    assert POINT.number(repr(value)) == value


@given(finite)
def test_a_number_written_with_a_comma_comes_back(value: float) -> None:
    assert COMMA_FIRST.number(repr(value).replace(".", ",")) == value


@given(st.text(max_size=12))
def test_what_is_read_as_a_number_is_what_float_reads(text: str) -> None:
    try:
        value = POINT.number(text)
    except SheetError:
        return

    assert text.isascii()
    assert value == float(text)


@given(st.integers(0, 10**9))
def test_a_grouped_number_is_never_read_as_another_number(value: int) -> None:
    for grammar, sign in ((POINT, ","), (POINT_FIRST, ","), (COMMA_FIRST, ".")):
        grouped = f"{value:,}".replace(",", sign)
        if value < 1000:
            assert grammar.number(grouped) == value
        else:
            with pytest.raises(SheetError):
                grammar.number(grouped)


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7.0), ("+7", 7.0), ("-7", -7.0), (".5", 0.5), ("7.", 7.0), ("1E5", 1e5), ("1e-2", 0.01)],
)
def test_plain_spellings_of_numbers_are_read(text: str, value: float) -> None:
    assert POINT.number(text) == value


def test_minus_zero_is_zero() -> None:
    assert math.copysign(1.0, POINT.number("-0")) == 1.0


@pytest.mark.parametrize(
    ("grammar", "text", "value"),
    [
        (POINT_FIRST, "1,5", 1.5),
        (POINT_FIRST, "0,125", 0.125),
        (POINT_FIRST, "2.105", 2.105),
        (COMMA_FIRST, "2,105", 2.105),
        (COMMA_FIRST, "1.5", 1.5),
        (COMMA_FIRST, "0.125", 0.125),
    ],
)
def test_both_signs_are_read_where_they_are_unambiguous(
    grammar: NumberGrammar, text: str, value: float
) -> None:
    assert grammar.number(text) == value


@pytest.mark.parametrize(
    ("grammar", "text", "message"),
    [
        (POINT, "1,5", '"1,5" has a comma (write a decimal point and no thousands sign)'),
        (
            POINT_FIRST,
            "51,667",
            '"51,667" could be 51667 or 51.667 (write 51667 or 51.6670)',
        ),
        (
            COMMA_FIRST,
            "51.667",
            '"51.667" could be 51667 or 51.667 (write 51667 or 51.6670)',
        ),
        (
            COMMA_FIRST,
            "1.234,5",
            '"1.234,5" has a thousands sign (write the digits without it, for example 1234.5)',
        ),
        (
            POINT,
            "51 667",
            '"51 667" has a thousands sign (write the digits without it, for example 1234.5)',
        ),
        (
            POINT,
            "−7",
            '"−7" is not a number (write the minus sign as an ordinary hyphen)',
        ),
        (
            POINT,
            "50 µL",
            '"50 µL" is not a number (write digits with a decimal point, for example 2.1)',
        ),
        (
            POINT,
            "nan",
            '"nan" is not a number (write digits with a decimal point, for example 2.1)',
        ),
        (
            POINT,
            "1_000",
            '"1_000" is not a number (write digits with a decimal point, for example 2.1)',
        ),
        (
            POINT,
            "٧",
            '"٧" is not a number (write digits with a decimal point, for example 2.1)',
        ),
        (
            POINT,
            "1e999",
            '"1e999" is too large (write digits with a decimal point, for example 2.1)',
        ),
    ],
)
def test_what_is_not_one_number_is_refused(grammar: NumberGrammar, text: str, message: str) -> None:
    with pytest.raises(SheetError) as caught:
        grammar.number(text)

    assert str(caught.value) == message


def test_the_way_out_of_an_ambiguous_number_leads_out() -> None:
    assert COMMA_FIRST.number("51.6670") == 51.667
    assert COMMA_FIRST.number("51667") == 51667
    assert POINT_FIRST.number("51.6670") == 51.667


@pytest.mark.parametrize("text", ["D7", "day 7", "7 d", "MISSING", "1-7"])
def test_a_label_is_no_day(text: str) -> None:
    with pytest.raises(SheetError) as caught:
        POINT.day(text)

    assert str(caught.value) == (
        f'"{text}" is not a number (write the days since infusion, for example 7)'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "-366",
            (
                "-366 lies more than a year before the infusion"
                " (write the days since infusion, for example 7)"
            ),
        ),
        (
            "45298",
            "45298 looks like a date, not a day (write the days since infusion, for example 7)",
        ),
    ],
)
def test_a_day_far_from_the_infusion_is_refused(text: str, message: str) -> None:
    with pytest.raises(SheetError) as caught:
        POINT.day(text)

    assert str(caught.value) == message


def test_days_may_be_negative_and_broken() -> None:
    assert [POINT.day(text) for text in ("-365", "-7", "0", "0.5", "28")] == [-365, -7, 0, 0.5, 28]


@pytest.mark.parametrize("text", ["0", "-50", "1e-999"])
def test_volumes_and_beads_must_be_above_zero(text: str) -> None:
    with pytest.raises(SheetError) as caught:
        POINT.positive(text)

    assert str(caught.value) == (
        f"{float(text):g} is not above zero (leave the cell empty if it is not known)"
    )


def test_a_dilution_below_one_is_refused() -> None:
    with pytest.raises(SheetError) as caught:
        POINT.dilution("0.1")

    assert str(caught.value) == "0.1 is below 1 (write 10 for one part in ten)"
    assert POINT.dilution("1") == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2.1", LabValue(2.1)),
        ("<0.1", LabValue(0.1, below=True)),
        ("< 0.1", LabValue(0.1, below=True)),
        ("0", LabValue(0.0)),
    ],
)
def test_a_laboratory_value_may_lie_below_a_limit(text: str, value: LabValue) -> None:
    assert POINT.lab_value(text) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (">200", '">200" is not a number'),
        ("<", '"<" is not a number'),
        ("BLQ", '"BLQ" is not a number'),
        ("-1", '"-1" is no possible result'),
        ("<0", '"<0" is no possible result'),
    ],
)
def test_other_words_of_laboratories_are_refused(text: str, problem: str) -> None:
    with pytest.raises(SheetError) as caught:
        POINT.lab_value(text)

    assert str(caught.value) == (
        f"{problem} (write a number, for example 2.1, or <0.1 for a value below the limit)"
    )


def test_a_blood_count_in_cells_per_ul_is_refused() -> None:
    with pytest.raises(SheetError) as caught:
        POINT.blood_count("2100")

    assert str(caught.value) == "2100 × 10⁹/L looks like cells/µL (divide by 1000: 2.1)"
    assert POINT.blood_count("200") == LabValue(200.0)


@given(st.text(max_size=100))
def test_an_id_is_kept_as_written(text: str) -> None:
    assert parse_id(text) == text


def test_a_long_id_is_refused() -> None:
    with pytest.raises(SheetError) as caught:
        parse_id("x" * 101)

    assert str(caught.value) == f'"{"x" * 39}…" has 101 characters (use at most 100)'


@pytest.mark.parametrize(
    ("spelling", "sample_type"),
    [
        ("patient", SampleType.PATIENT),
        ("Pre-infusion", SampleType.PRE_INFUSION),
        ("pre infusion", SampleType.PRE_INFUSION),
        ("CAR_FMO", SampleType.FMO),
        ("UTD", SampleType.UNTRANSDUCED),
        ("Bead QC", SampleType.BEAD_QC),
        ("healthy donor", SampleType.HEALTHY),
        *((sample_type.value, sample_type) for sample_type in SampleType),
    ],
)
def test_sample_types_have_several_spellings(spelling: str, sample_type: SampleType) -> None:
    assert parse_sample_type(spelling) is sample_type


def test_an_unknown_sample_type_lists_the_known_ones() -> None:
    with pytest.raises(SheetError) as caught:
        parse_sample_type("blood")

    assert str(caught.value) == (
        '"blood" is no sample type'
        " (write one of: patient, pre-infusion, FMO, untransduced, bead-QC, healthy)"
    )


def test_a_data_set_is_a_whole_number_from_zero() -> None:
    assert parse_dataset("1") == 1
    with pytest.raises(SheetError) as caught:
        parse_dataset("-1")
    assert str(caught.value) == (
        '"-1" is not a data set number'
        " (write 0 for the first data set of the file, 1 for the second)"
    )


@pytest.mark.parametrize(
    ("text", "unit"), [("nL", "nL"), ("NL", "nL"), ("uL", "µL"), ("µL", "µL"), ("\u03bcL", "µL")]
)
def test_the_unit_of_vol_is_nl_or_ul(text: str, unit: str) -> None:
    assert parse_volume_unit(text) == unit


def test_another_unit_of_vol_is_refused() -> None:
    with pytest.raises(SheetError) as caught:
        parse_volume_unit("mL")
    assert str(caught.value) == (
        '"mL" is no unit of $VOL (write nL or µL, or leave the cell empty)'
    )


@pytest.mark.parametrize("text", ["yes", "no", "FALSE", "0", "x"])
def test_excluding_needs_a_reason(text: str) -> None:
    with pytest.raises(SheetError) as caught:
        parse_exclude_reason(text)

    assert str(caught.value) == (
        f'"{text}" gives no reason (write why the tube is left out,'
        " or leave the cell empty to keep it)"
    )


def test_a_reason_is_kept_as_written() -> None:
    assert parse_exclude_reason("clotted sample") == "clotted sample"


@pytest.mark.parametrize("text", ["", " ", "NA", "n/a", "N/A", "-", "–"])
def test_words_for_nothing_are_missing(text: str) -> None:
    assert is_missing(text)


@pytest.mark.parametrize("text", ["0", "ND", "BLQ", "none"])
def test_words_for_something_are_not_missing(text: str) -> None:
    assert not is_missing(text)


@given(st.text())
def test_a_quotation_has_at_most_forty_characters(text: str) -> None:
    assert len(quoted(text)) <= 42
    if len(text) <= 40:
        assert quoted(text) == f'"{text}"'
