from pathlib import Path

import pytest

from carflow.errors import Problems
from carflow.study.model import ReferenceTmax
from carflow.study.references import read_references


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "reference_tmax.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_published_range_may_be_unknown(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "median_day,low_day,high_day,assay,source",
        "9.5,,NA,qPCR,a label",
        "10,7,28,flow,a paper",
    )

    assert read_references(path) == (
        (
            ReferenceTmax(
                median_day=9.5, low_day=None, high_day=None, assay="qPCR", source="a label"
            ),
            ReferenceTmax(
                median_day=10.0, low_day=7.0, high_day=28.0, assay="flow", source="a paper"
            ),
        ),
        (),
    )


def test_all_bad_rows_are_reported_together(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "median_day,low_day,high_day,assay,source",
        "10,11,9,flow,a paper",
        "about 10,,,,",
    )

    with pytest.raises(Problems) as caught:
        read_references(path)

    assert str(caught.value) == (
        "reference_tmax.csv: 5 problems\n"
        "  row 2: low_day: day 11 lies after the median 10\n"
        "  row 2: high_day: day 9 lies before the median 10\n"
        '  row 3: median_day: "about 10" is not a number'
        " (write the days since infusion, for example 7)\n"
        "  row 3: assay: is empty (write flow or qPCR)\n"
        "  row 3: source: is empty (write where it is published)"
    )


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problems) as caught:
        read_references(written(tmp_path, "median,assay,source", "10,flow,x"))

    assert str(caught.value) == (
        'reference_tmax.csv: 1 problem\n  the column "median_day" is missing (is it "median"?)'
    )
