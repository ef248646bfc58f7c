import base64
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from carflow.findings import Finding, Severity
from carflow.report.page import report_html
from carflow.result.run import Result
from carflow.result.sample import Failure

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "{{ 7*7 }}",
    "{% raw %}",
    "</style><script>1</script>",
    "<!--",
    "]]>",
    "&lt;b&gt;",
    "javascript:alert(1)",
    "$P1&",
    "\u202eabc",
]
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """A page taken apart: tags with their attributes, text, and whether the nesting is right."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def values(self, attribute: str) -> list[str]:
        return [str(found[attribute]) for _, found in self.tags if attribute in found]


def page_of(result: Result) -> Page:
    figures = {subject.subject_id: "<svg/>" for subject in result.subject_results}
    return Page(report_html(result, figures))


def test_the_page_needs_nothing_outside_itself(model_result: Result) -> None:
    page = page_of(model_result)

    assert page.open == []
    assert all(source.startswith("data:image/svg+xml;base64,") for source in page.values("src"))
    assert all(link.startswith("#") for link in page.values("href"))
    assert {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "form"} == set()
    assert "url(" not in report_html(model_result, {})
    policy = next(found for _, found in page.tags if "http-equiv" in found)
    assert policy["content"] == ("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_ids_are_unique_and_every_link_has_its_target(odd_result: Result) -> None:
    page = page_of(odd_result)
    ids = page.values("id")

    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in page.values("href")} <= set(ids)


def test_the_verdict_is_a_word_and_the_statement_comes_before_the_tables(
    model_result: Result,
) -> None:
    text = page_of(model_result).text

    order = [
        text.index(words)
        for words in (
            "WARN",
            "The highest measured value was 69.94 % of CD3+ on day 12.",
            "Percentages by time point",
            "Kinetic parameters",
            "Checks of tubes and batch",
            "Each tube is read by",
            "What is needed to repeat the run",
        )
    ]
    assert order == sorted(order)
    assert text.count("Research use only; not for treatment decisions.") == 2


def test_a_sentence_about_other_patients_is_printed_once(model_result: Result) -> None:
    assert page_of(model_result).text.count("describes other patients") == 1


def test_numbers_carry_interval_state_and_reason(model_result: Result, odd_result: Result) -> None:
    text = page_of(model_result).text
    odd = page_of(odd_result).text

    assert "12 P01-d12-patient 25,000 10,000 6,994 69.94 [69.04, 70.84]" in text
    assert "0.05 a [0.01, 0.09] not detected, LOD 0.20" in text
    assert "a fewer events than the limit of detection" in text
    assert "CAR T cells (volume): not available for any tube (the file states no acquired" in text
    assert "0.30 a [0.19, 0.41] detected, below LLOQ 0.50" in odd
    assert "No result: the DATA segment ends 1,200 bytes early (export the file again)" in odd
    assert "1 of them without a result" in odd


def test_passes_are_folded_and_the_gravest_finding_comes_first(model_result: Result) -> None:
    findings = [
        Finding(code=severity.upper(), severity=severity, message=f"a {severity}")
        for severity in (Severity.PASS, Severity.INFO, Severity.FAIL, Severity.WARN)
    ]

    text = page_of(replace(model_result, all_findings=tuple(findings))).text

    places = [text.index(f"a {word}") for word in ("fail", "warn", "info", "pass")]
    assert places == sorted(places)
    assert "Checks that passed (1)" in text


def test_what_is_alike_in_several_tubes_stands_in_one_row(model_result: Result) -> None:
    findings = tuple(
        Finding(code="QC-X", severity=severity, message=f"a {severity}", sample_id=f"T{number}")
        for severity in (Severity.WARN, Severity.INFO)
        for number in range(1, 9)
    )

    text = page_of(replace(model_result, all_findings=findings)).text

    assert "WARN QC-X T1, T2, T3, T4, T5, T6, T7, T8 a warn" in text
    assert "INFO QC-X T1, T2, T3, T4, T5 and 3 more a info" in text


def test_net_percentages_stand_beside_the_raw_ones_where_there_is_a_control(
    model_result: Result,
) -> None:
    controlled = model_result.tube("P01-d12-patient")
    raw = controlled.quantity("car_pct_cd3")
    assert raw is not None
    net = replace(raw, name="car_net_pct_cd3")
    tubes = (replace(controlled, quantities=(*controlled.quantities, net)),)

    text = page_of(replace(model_result, tube_results=tubes)).text

    assert "Net of background by time point" not in page_of(model_result).text
    heading = "Day Sample CAR+ of CD3+, % CAR+ of CD3+, net of background, % 12 P01-d12-patient"
    assert heading in text


def test_gates_say_of_which_tube_they_are(model_result: Result) -> None:
    first = model_result.provenance.gates[0]
    used = replace(model_result.provenance, gates=(first, replace(first, sample_id="P01-d7")))

    text = page_of(replace(model_result, provenance=used)).text

    assert (
        f"Gates Panel Tube SHA-256 {first.name} {first.panel_id or 'any'} all {first.sha256}"
        in text
    )
    assert f"P01-d7 {first.sha256}" in text


def test_a_figure_is_embedded_with_words_for_it(model_result: Result) -> None:
    page = Page(report_html(model_result, {"P01": "<svg>µ</svg>"}))

    (image,) = [found for tag, found in page.tags if tag == "img"]
    encoded = str(image["src"]).removeprefix("data:image/svg+xml;base64,")
    assert base64.b64decode(encoded).decode() == "<svg>µ</svg>"
    assert str(image["alt"]).startswith("Gate pictures of 9 tubes and the time course")


def test_a_subject_without_a_figure_says_so(model_result: Result) -> None:
    assert "No figure was drawn for this subject." in Page(report_html(model_result, {})).text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_of_any_kind_stays_text(model_result: Result, payload: str) -> None:
    hostile = _with_payload(model_result, payload)

    page = page_of(hostile)

    harmless = [tag for tag, _ in page_of(_with_payload(model_result, "plain")).tags]
    assert [tag for tag, _ in page.tags] == harmless
    shown = " ".join(payload.split())
    assert page.text.count(shown) >= 10
    assert all(link.startswith("#") for link in page.values("href"))


def _with_payload(result: Result, payload: str) -> Result:
    tubes = [replace(tube, subject_id=payload, visit_label=payload) for tube in result.tube_results]
    tubes[1] = replace(tubes[1], sample_id=payload, failure=Failure(code=payload, sentence=payload))
    subject = result.subject("P01")
    kinetics = tuple(replace(one, sentences=(payload,)) for one in subject.kinetics)
    treatments = tuple(
        replace(one, drug=payload, dose=payload, dose_unit=payload) for one in subject.treatments
    )
    gates = replace(result.provenance.gates[0], name=payload, panel_id=payload)
    return replace(
        result,
        tube_results=tuple(tubes),
        subject_results=(
            replace(subject, subject_id=payload, kinetics=kinetics, treatments=treatments),
        ),
        all_findings=(
            Finding(code=payload, severity=Severity.WARN, message=payload, limit=payload),
        ),
        provenance=replace(result.provenance, gates=(gates,), options={payload: payload}),
    )


def test_the_file_names_of_the_manifest_never_get_there(model_result: Result) -> None:
    assert "secret" not in report_html(model_result, {})


def test_an_empty_result_is_a_page(model_result: Result) -> None:
    empty = replace(
        model_result,
        tube_results=(),
        subject_results=(),
        all_findings=(),
        provenance=replace(model_result.provenance, gates=()),
    )

    text = page_of(empty).text

    assert "0 subjects" in text
    assert "No gates were applied." in text
    assert "No check failed, warned or had a remark." in text
