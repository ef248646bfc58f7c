"""TEXT: tokens, delimiters, encodings, duplicates."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carflow.errors import FcsError
from carflow.fcs.text import merged_keywords, parse_text

NEEDED = {
    "$PAR": "1",
    "$DATATYPE": "F",
    "$BYTEORD": "1,2,3,4",
    "$P1N": "A",
    "$P1B": "32",
    "$P1R": "9",
}


def _text(pairs: dict[str, str], delimiter: str = "/", end: str | None = None) -> bytes:
    parts = [part for pair in (NEEDED | pairs).items() for part in pair]
    return (delimiter + delimiter.join(parts) + (delimiter if end is None else end)).encode()


def _codes(block: bytes) -> list[str]:
    return [finding.code for finding in parse_text(block).findings]


@pytest.mark.parametrize(
    "delimiter", ["/", "|", "\\", "*", "!", "\f", "\r", "\x1e", "(", "?", ".", "^"]
)
def test_any_delimiter_may_separate(delimiter: str) -> None:
    text = parse_text(_text({"$CYT": "one two"}, delimiter))

    assert text.keywords == NEEDED | {"$CYT": "one two"}
    assert text.has_final_delimiter


def test_a_doubled_delimiter_is_one_character_of_a_value() -> None:
    assert parse_text(_text({"NOTE": "CD3//CD4////x"})).keywords["NOTE"] == "CD3/CD4//x"


def test_names_are_upper_case_and_trimmed() -> None:
    assert parse_text(_text({" $p1s ": " CD3 "})).keywords["$P1S"] == "CD3"


def test_empty_values_do_not_shift_the_names_behind_them() -> None:
    block = (
        b"/$P1S//$P1N/A/$PAR/2/$P1B/32/$P1R/9/$P2N/B/$P2B/32/$P2R/9/$DATATYPE/F/$BYTEORD/1,2,3,4/"
    )

    text = parse_text(block)

    assert (text.keywords["$P1S"], text.keywords["$P1N"], text.keywords["$P2N"]) == ("", "A", "B")
    assert [finding.code for finding in text.findings] == ["FCS-EMPTY-VALUES"]


def test_the_last_value_is_kept_whole_without_final_delimiter() -> None:
    text = parse_text(_text({"$TIMESTEP": "0.01"}, end=""))

    assert (text.keywords["$TIMESTEP"], text.has_final_delimiter) == ("0.01", False)


def test_padding_behind_the_final_delimiter_does_not_matter() -> None:
    text = parse_text(_text({"$TIMESTEP": "0.01"}, end="/ \0\r\n"))

    assert (text.keywords["$TIMESTEP"], text.has_final_delimiter) == ("0.01", True)


def test_a_delimiter_too_many_at_the_end_does_not_matter() -> None:
    text = parse_text(_text({"$TIMESTEP": "0.01"}, end="//"))

    assert (text.keywords["$TIMESTEP"], text.has_final_delimiter) == ("0.01", True)


def test_a_keyword_without_value_at_the_end_is_left_out_and_reported() -> None:
    assert "X" not in parse_text(_text({}, end="/X")).keywords
    assert _codes(_text({}, end="/X")) == ["FCS-TEXT-TRAILING"]


def test_a_lost_delimiter_is_refused() -> None:
    with pytest.raises(FcsError) as caught:
        parse_text(_text({"NOTE": "a", "$P1S": "CD3"}).replace(b"/NOTE/", b"/NOTE "))

    assert caught.value.code == "FCS-TEXT"
    assert str(caught.value) == (
        "TEXT holds a keyword without value, so that the keywords behind it cannot be told "
        "from values (the file is damaged or was edited; export it again)"
    )


def test_text_that_is_not_utf8_is_read_as_latin1() -> None:
    block = _text({}).replace(b"/A/", b"/\xb5m/")

    assert parse_text(block).keywords["$P1N"] == "µm"
    assert _codes(block) == ["FCS-NOT-UTF8"]


def test_utf8_names_are_read() -> None:
    assert parse_text(_text({"$P1S": "γδ TCR"})).keywords["$P1S"] == "γδ TCR"


def test_a_structural_keyword_with_two_values_refuses_the_file() -> None:
    with pytest.raises(FcsError) as caught:
        parse_text(_text({}) + b"$P1N/B/")

    assert caught.value.code == "FCS-KEYWORD-CONFLICT"
    assert caught.value.problem == "the keyword $P1N stands twice with different values"


def test_the_same_value_twice_and_twice_a_private_keyword_are_read() -> None:
    text = parse_text(_text({"NOTE": "a"}) + b"$P1N/A/NOTE/b/")

    assert text.keywords["NOTE"] == "a"
    assert [finding.message for finding in text.findings] == [
        "1 keywords carflow does not use stand twice with different values"
    ]


def test_a_private_keyword_is_not_the_standard_one() -> None:
    assert parse_text(_text({"P1N": "not the name"})).keywords["$P1N"] == "A"


@pytest.mark.parametrize("block", [b"", b"/", b"\0\0\0\0\0\0"])
def test_no_text_is_refused(block: bytes) -> None:
    with pytest.raises(FcsError, match=r"^the TEXT segment is empty"):
        parse_text(block)


def test_supplemental_keywords_join_the_primary_ones() -> None:
    assert merged_keywords({"$TOT": "4"}, [("$P1S", "CD3"), ("$TOT", "4")], []) == {
        "$TOT": "4",
        "$P1S": "CD3",
    }


_WORD = st.text(
    st.characters(codec="utf-8", exclude_characters="/", exclude_categories=("Cc", "Zs")),
    min_size=1,
)
_VALUE = st.tuples(_WORD, st.sampled_from(["", "/", "//", "|"]), _WORD).map("".join)


@settings(deadline=None)
@given(st.dictionaries(_WORD.map(lambda name: f"X{name}".upper()), _VALUE, max_size=6))
def test_what_is_written_as_the_standard_says_is_read_back(pairs: dict[str, str]) -> None:
    pairs = {name: value for name, value in pairs.items() if name == name.strip().upper()}
    block = _text({name: value.replace("/", "//").strip() for name, value in pairs.items()})

    read = parse_text(block).keywords

    assert {name: read[name] for name in pairs} == {n: v.strip() for n, v in pairs.items()}
