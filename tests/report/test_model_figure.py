from carflow.report.model_figure import model_figure
from carflow.report.style import png_bytes, svg_text
from carflow.result.run import Result


def test_gates_stand_above_the_time_course(model_result: Result) -> None:
    figure = model_figure(model_result, "P01")

    headings = [text.get_text() for text in figure.texts if text.get_fontweight() == "bold"]
    assert headings == ["A   Subject P01: gates, tube by tube", "B   CAR T cells over time"]
    tubes = [axes for axes in figure.axes if " % of CD3+\n" in axes.get_title()]
    course = [axes for axes in figure.axes if axes.get_ylabel() == "CAR+ (% of CD3+)"]
    assert len(tubes) == 9
    assert all(course[0].get_position().y1 < axes.get_position().y0 for axes in tubes)


def test_without_pictures_the_time_course_stands_alone(odd_result: Result) -> None:
    headings = [text.get_text() for text in model_figure(odd_result, "P03").texts]

    assert headings[0] == "Subject P03: CAR T cells over time"


def test_the_same_result_gives_the_same_bytes_without_a_date(model_result: Result) -> None:
    first, second = (model_figure(model_result, "P01") for _ in range(2))
    svg = svg_text(first)

    assert svg_text(second) == svg
    assert "<dc:date>" not in svg
    assert b"tIME" not in png_bytes(second)
