import pytest

from carflow.report import style
from carflow.report.strip import draw_strip, drug_rows, shade, strip_height
from carflow.study.model import ReferenceTmax, Treatment


def given(drug: str, start: float, stop: float, dose: str = "", unit: str = "") -> Treatment:
    return Treatment(
        subject_id="P01", drug=drug, start_day=start, stop_day=stop, dose=dose, dose_unit=unit
    )


STEROID = [
    given("methylprednisolone", 9, 11, "80", "mg"),
    given("methylprednisolone", 12, 12, "60", "mg"),
    given("methylprednisolone", 13, 13, "40", "mg"),
]


def strip(treatments: list[Treatment], references: list[ReferenceTmax]) -> list[str]:
    figure = style.new_figure(7, 2)
    axes = style.place_axes(figure, (0.8, 0.1, 6, 1.8))
    axes.set_xlim(-2, 29)
    draw_strip(axes, drug_rows(treatments), references)
    return [text.get_text() for text in axes.texts]


def test_contiguous_days_of_one_drug_are_one_span_of_several_doses() -> None:
    (row,) = drug_rows(STEROID)

    assert row.spans == ((9, 13),)
    assert [(run.start_day, run.stop_day, run.dose) for run in row.runs] == [
        (9, 11, "80"),
        (12, 12, "60"),
        (13, 13, "40"),
    ]


def test_a_gap_parts_spans_and_equal_doses_without_a_gap_are_one_run() -> None:
    (row,) = drug_rows([given("A", 1, 1, "8"), given("A", 2, 3, "8"), given("A", 6, 6, "8")])

    assert row.spans == ((1, 3), (6, 6))
    assert [(run.start_day, run.stop_day) for run in row.runs] == [(1, 3), (6, 6)]


def test_only_treatments_after_day_minus_1_are_shown() -> None:
    rows = drug_rows([given("before", -6, -1), given("across", -6, 2), given("after", 0, 0)])

    assert [row.drug for row in rows] == ["across", "after"]


def test_the_strip_names_drug_doses_and_unit() -> None:
    assert strip(STEROID, []) == ["infusion (day 0)", "methylprednisolone (mg)", "80", "60", "40"]


def test_a_dose_too_long_for_its_bar_moves_into_the_label() -> None:
    words = strip([given("tocilizumab", 3, 3, "8 to 12 per kg", "mg")], [])

    assert words == ["infusion (day 0)", "tocilizumab 8 to 12 per kg mg"]


def test_a_drug_given_all_the_time_has_its_name_inside_the_bar() -> None:
    assert strip([given("aciclovir", -20, 90, "800", "mg")], [])[1] == "aciclovir 800 mg"


def test_a_published_time_to_peak_names_its_source_and_that_it_is_about_others() -> None:
    reference = ReferenceTmax(median_day=9, low_day=5, high_day=21, assay="qPCR", source="a paper")

    assert strip([], [reference])[1] == (
        "published median time to peak 9 d (5–21), qPCR, other patients: a paper"
    )
    assert strip_height([], [reference]) == pytest.approx(3 * strip_height([], []))


def test_a_long_source_is_cut_inside_the_strip() -> None:
    reference = ReferenceTmax(
        median_day=9, low_day=None, high_day=None, assay="", source="a very long source " * 20
    )

    assert strip([], [reference])[1].endswith("…")


def test_days_are_shaded_as_whole_days_and_long_courses_not_at_all() -> None:
    axes = style.new_figure(4, 3).add_subplot()
    axes.set_xlim(-2, 29)

    shade(axes, drug_rows([*STEROID, given("aciclovir", 0, 28)]))

    boxes = [patch.get_extents().transformed(axes.transData.inverted()) for patch in axes.patches]
    assert [(round(box.x0, 6), round(box.x1, 6)) for box in boxes] == [(8.5, 13.5)]
