import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carflow.errors import ExitCode, Problems, SheetError
from carflow.findings import Finding, Severity
from carflow.study.model import LabValue, ReferenceTmax, SampleType, Treatment, Tube
from carflow.study.sheet import REQUIRED_COLUMNS, read_study

WriteSheet = Callable[..., Path]
WriteWorkbook = Callable[..., Path]
WriteFcs = Callable[[str], Path]


def message_of(path: Path) -> str:
    with pytest.raises((Problems, SheetError)) as caught:
        read_study(path)
    return str(caught.value)


def codes_of(path: Path) -> list[str]:
    return [finding.code for finding in read_study(path).findings]


def test_a_plain_sheet_is_read(write_sheet: WriteSheet) -> None:
    path = write_sheet("day07.fcs,P01_D7,001,7,patient", "pre.fcs,P01_pre,001,-2,pre")

    study = read_study(path)

    root = path.parent.resolve()
    assert study.root == root
    assert study.tubes == (
        Tube(
            sample_id="P01_D7",
            subject_id="001",
            day=7.0,
            sample_type=SampleType.PATIENT,
            path=root / "day07.fcs",
            row=2,
        ),
        Tube(
            sample_id="P01_pre",
            subject_id="001",
            day=-2.0,
            sample_type=SampleType.PRE_INFUSION,
            path=root / "pre.fcs",
            row=3,
        ),
    )
    assert (study.treatments, study.references, study.findings) == ((), (), ())
    assert study.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_optional_column_reaches_its_tube(write_sheet: WriteSheet) -> None:
    path = write_sheet(
        "a.fcs,S1,P01,7,patient,1,blood v2,D7,2.1,<0.1,350,51667,50,1000,60,450,2,nL,<10,clotted",
        "a.fcs,S2,P01,8,patient,,,,,,,,,,,,,,,",
        more="dataset,panel_id,visit_label,wbc_1e9_l,alc_1e9_l,cd3_per_ul,beads_per_tube,"
        "beads_added_ul,bead_conc_per_ul,blood_ul,total_ul,dilution,volume_unit_override,"
        "copies_per_ug,exclude_reason",
    )

    full, bare = read_study(path).tubes

    root = path.parent.resolve()
    assert full == Tube(
        sample_id="S1",
        subject_id="P01",
        day=7.0,
        sample_type=SampleType.PATIENT,
        path=root / "a.fcs",
        row=2,
        dataset=1,
        panel_id="blood v2",
        visit_label="D7",
        wbc_1e9_l=LabValue(2.1),
        alc_1e9_l=LabValue(0.1, below=True),
        cd3_per_ul=LabValue(350.0),
        beads_per_tube=51667.0,
        beads_added_ul=50.0,
        bead_conc_per_ul=1000.0,
        blood_ul=60.0,
        total_ul=450.0,
        dilution=2.0,
        volume_unit_override="nL",
        copies_per_ug=LabValue(10.0, below=True),
        exclude_reason="clotted",
    )
    assert bare == Tube(
        sample_id="S2",
        subject_id="P01",
        day=8.0,
        sample_type=SampleType.PATIENT,
        path=root / "a.fcs",
        row=3,
    )


def test_bead_conc_is_another_name_of_bead_conc_per_ul(write_sheet: WriteSheet) -> None:
    study = read_study(write_sheet("a.fcs,S1,P01,7,patient,1000", more="bead_conc"))

    assert study.tubes[0].bead_conc_per_ul == 1000.0
    assert study.findings == ()


def test_both_names_of_the_bead_concentration_are_refused(write_sheet: WriteSheet) -> None:
    path = write_sheet("a.fcs,S1,P01,7,patient,1,2", more="bead_conc,bead_conc_per_ul")

    assert message_of(path) == (
        "samples.csv: 1 problem\n"
        '  the columns "bead_conc" and "bead_conc_per_ul" mean the same (remove one)'
    )


def test_all_bad_cells_are_reported_together(write_sheet: WriteSheet) -> None:
    path = write_sheet(
        "a.fcs,S1,P01,7,patient,,",
        "../b.fcs,S2,P01,D7,blood,2100,0",
        ",,,,,,",
        ",,P01,,,NA,-",
        "c.fcs,S3,P01,9,patient,2,50,extra",
        "c.fcs,S1,P01,10,patient,2,50",
        more="wbc_1e9_l,blood_ul",
    )

    assert message_of(path) == (
        "samples.csv: 11 problems\n"
        '  row 3: day: "D7" is not a number (write the days since infusion, for example 7)\n'
        '  row 3: sample_type: "blood" is no sample type'
        " (write one of: patient, pre-infusion, FMO, untransduced, bead-QC, healthy)\n"
        '  row 3: file: "../b.fcs" holds ".."'
        " (name a file inside the folder of the sheet)\n"
        "  row 3: wbc_1e9_l: 2100 × 10⁹/L looks like cells/µL (divide by 1000: 2.1)\n"
        "  row 3: blood_ul: 0 is not above zero (leave the cell empty if it is not known)\n"
        "  row 5: sample_id: is empty (write an id without the name of a person)\n"
        "  row 5: day: is empty (write the days since infusion, for example 7;"
        " for a control that belongs to no day write 0)\n"
        "  row 5: sample_type: is empty"
        " (write one of: patient, pre-infusion, FMO, untransduced, bead-QC, healthy)\n"
        "  row 5: file: is empty (name the FCS file)\n"
        "  row 6: has 8 cells, but the header has 7"
        " (a cell that holds the delimiter needs quotation marks around it)\n"
        '  row 7: sample_id: "S1" is already in row 2 (give every tube its own sample_id)'
    )


def test_a_bad_sheet_ends_in_exit_code_3(write_sheet: WriteSheet) -> None:
    with pytest.raises(Problems) as caught:
        read_study(write_sheet("a.fcs,S1,P01,D7,patient"))

    (error,) = caught.value.exceptions
    assert isinstance(error, SheetError)
    assert (error.exit_code, error.code) == (ExitCode.UNUSABLE_INPUT, "SHEET")


def test_a_data_set_may_stand_in_one_row_only(write_sheet: WriteSheet) -> None:
    path = write_sheet(
        "a.fcs,S1,P01,7,patient,",
        "./a.fcs,S2,P01,8,patient,0",
        "a.fcs,S3,P01,9,patient,1",
        more="dataset",
    )

    assert message_of(path) == (
        "samples.csv: 1 problem\n"
        '  row 3: file: data set 0 of "a.fcs" is already in row 2 (give every tube one row)'
    )


def test_a_link_to_a_named_file_is_the_same_file(
    write_sheet: WriteSheet, write_fcs_like: WriteFcs
) -> None:
    real = write_fcs_like("a.fcs")
    try:
        (real.parent / "b.fcs").symlink_to(real)
    except OSError:
        pytest.skip("this system does not let us make links")

    assert message_of(write_sheet("a.fcs,S1,P01,7,patient", "b.fcs,S2,P01,8,patient")) == (
        "samples.csv: 1 problem\n"
        '  row 3: file: data set 0 of "b.fcs" is already in row 2 (give every tube one row)'
    )


def test_names_that_differ_only_in_case_or_accents_are_refused(write_sheet: WriteSheet) -> None:
    path = write_sheet(
        "a.fcs,Größe,P01,7,patient",
        "A.fcs,Gro\u0308ße,p01,8,patient",
        "b.fcs,GRÖSSE,P01,9,patient",
    )

    assert message_of(path) == (
        "samples.csv: 4 problems\n"
        '  row 3: sample_id: "Gro\u0308ße" differs from "Größe" in row 2 only in upper and lower'
        " case or in the coding of accents (give every tube its own sample_id)\n"
        '  row 3: subject_id: "p01" differs from "P01" in row 2 only in upper and lower case or in'
        " the coding of accents (write the id of a subject in the same way in every row)\n"
        '  row 3: file: "A.fcs" differs from the file of row 2 only in upper and lower case or in'
        " the coding of accents"
        " (name every file exactly as it is on the disk, and no two files alike)\n"
        '  row 4: sample_id: "GRÖSSE" differs from "Größe" in row 2 only in upper and lower case or'
        " in the coding of accents (give every tube its own sample_id)"
    )


def test_a_file_that_does_not_exist_is_no_problem_of_the_sheet(write_sheet: WriteSheet) -> None:
    study = read_study(write_sheet("nowhere/a.fcs,S1,P01,7,patient"))

    assert not study.tubes[0].path.exists()
    assert study.findings == ()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((), "samples.csv: the sheet has no rows (write one row for each tube)"),
        (
            ("a.fcs,S1,P01,3,pre-infusion,,",),
            (
                "samples.csv: 1 problem\n"
                "  row 2: day: a pre-infusion sample cannot be from day 3"
                " (write the day as 0 or below, or another sample_type)"
            ),
        ),
        (
            ("a.fcs,S1,P01,3,patient,500,450",),
            (
                "samples.csv: 1 problem\n"
                "  row 2: blood_ul: 500 µL of blood do not fit into a total of 450 µL"
                " (total_ul is the whole volume in the tube, blood included)"
            ),
        ),
    ],
)
def test_what_cannot_be_true_is_refused(
    write_sheet: WriteSheet, rows: tuple[str, ...], message: str
) -> None:
    assert message_of(write_sheet(*rows, more="blood_ul,total_ul")) == message


def test_missing_columns_are_named_together(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("file;sample id;day\na.fcs;S1;7\n", encoding="utf-8")

    assert message_of(tmp_path / "s.csv") == (
        "s.csv: 3 problems\n"
        '  the column "sample_id" is missing (is it "sample id"?)\n'
        '  the column "subject_id" is missing (found: file, sample id, day)\n'
        '  the column "sample_type" is missing (found: file, sample id, day)'
    )


def test_a_misspelled_optional_column_is_a_warning(write_sheet: WriteSheet) -> None:
    path = write_sheet("a.fcs,S1,P01,7,patient,2,x,y", more="wbc_1e9l,operator,rack")

    assert read_study(path).findings == (
        Finding(
            code="SHEET-COLUMN-UNKNOWN",
            severity=Severity.WARN,
            message='the column "wbc_1e9l" of the sample sheet is not read'
            ' (did you mean "wbc_1e9_l"?)',
        ),
        Finding(
            code="SHEET-COLUMN-UNKNOWN",
            severity=Severity.INFO,
            message='the column "rack" of the sample sheet is not read',
        ),
    )


def test_two_tubes_of_one_visit_are_a_warning(write_sheet: WriteSheet) -> None:
    path = write_sheet(
        "a.fcs,S1,P01,7,patient,",
        "b.fcs,S2,P01,7.0,patient,",
        "c.fcs,S3,P01,7,FMO,",
        "d.fcs,S4,P02,7,patient,",
        "e.fcs,S5,P02,7,patient,clotted",
        more="exclude_reason",
    )

    assert read_study(path).findings == (
        Finding(
            code="SHEET-DUPLICATE-VISIT",
            severity=Severity.WARN,
            message='subject "P01" has 2 samples on day 7: S1, S2',
            value=2,
        ),
    )


def test_more_lymphocytes_than_leukocytes_are_a_warning(write_sheet: WriteSheet) -> None:
    path = write_sheet(
        "a.fcs,S1,P01,7,patient,2.1,35",
        "b.fcs,S2,P01,8,patient,2.1,2.1",
        "c.fcs,S3,P01,9,patient,0.2,<0.5",
        more="wbc_1e9_l,alc_1e9_l",
    )

    assert read_study(path).findings == (
        Finding(
            code="SHEET-ALC-ABOVE-WBC",
            severity=Severity.WARN,
            message="alc_1e9_l is 35 and wbc_1e9_l only 2.1: is alc_1e9_l a percentage?",
            sample_id="S1",
            value=35.0,
        ),
    )


def test_fcs_files_without_a_row_are_counted(
    write_sheet: WriteSheet, write_fcs_like: WriteFcs
) -> None:
    for name in ("a.fcs", "week2/b.fcs", "forgotten.fcs", "week2/forgotten.001", "other/c.fcs"):
        write_fcs_like(name)
    path = write_sheet("a.fcs,S1,P01,7,patient", "week2/b.fcs,S2,P01,14,patient")

    assert read_study(path).findings == (
        Finding(
            code="SHEET-FILES-UNLISTED",
            severity=Severity.INFO,
            message="2 FCS files lie in the folder without a row in the sample sheet",
            value=2,
        ),
    )


def test_one_forgotten_file_is_told_in_the_singular(
    write_sheet: WriteSheet, write_fcs_like: WriteFcs
) -> None:
    write_fcs_like("forgotten.fcs")

    (finding,) = read_study(write_sheet("a.fcs,S1,P01,7,patient")).findings

    assert finding.message == "1 FCS file lies in the folder without a row in the sample sheet"


def test_guesses_warn_until_the_column_is_empty(write_sheet: WriteSheet) -> None:
    rows = [f"{at}.fcs,S{at},P01,{at},patient" for at in range(13)]
    guessed = write_sheet(*(f"{row},day" for row in rows), more="guessed")

    assert read_study(guessed).findings == (
        Finding(
            code="SHEET-GUESSED",
            severity=Severity.WARN,
            message='the column "guessed" still marks guesses from file names in rows'
            " 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 3 more: check them and empty the column",
            value=13,
        ),
    )
    assert codes_of(write_sheet(*(f"{row}," for row in rows), more="guessed")) == []


def test_a_workbook_reads_like_its_text(
    write_sheet: WriteSheet, write_workbook: WriteWorkbook
) -> None:
    text = write_sheet("a.fcs,001,P01,7,patient,2.1,50", more="wbc_1e9_l,blood_ul")
    workbook = write_workbook(
        [*REQUIRED_COLUMNS, "wbc_1e9_l", "blood_ul"],
        ["a.fcs", "001", "P01", 7, "patient", 2.1, "50"],
        others=[["notes"]],
    )

    assert read_study(workbook).tubes == read_study(text).tubes
    assert read_study(workbook).findings == (
        Finding(
            code="SHEET-OTHER-WORKSHEETS",
            severity=Severity.WARN,
            message="only the first worksheet was read; the workbook holds 1 other worksheet",
            value=1,
        ),
    )


def test_ids_that_excel_has_changed_are_reported_with_the_other_problems(
    write_workbook: WriteWorkbook,
) -> None:
    path = write_workbook(
        list(REQUIRED_COLUMNS),
        ["a.fcs", 1, "P01", 7, "patient"],
        ["b.fcs", "002", "P01", "D7", "patient"],
    )

    assert message_of(path) == (
        "samples.xlsx: 2 problems\n"
        '  row 2: sample_id: Excel has stored this text as a number ("1")'
        " (format the column as text and type the cell again)\n"
        '  row 3: day: "D7" is not a number (write the days since infusion, for example 7)'
    )


def test_a_decimal_comma_is_read_where_it_does_not_separate_cells(tmp_path: Path) -> None:
    header = ";".join([*REQUIRED_COLUMNS, "wbc_1e9_l"])
    path = tmp_path / "s.csv"
    path.write_text(f"{header}\na.fcs;S1;P01;0,5;patient;2,105\n", encoding="utf-8-sig")

    (tube,) = read_study(path).tubes

    assert (tube.day, tube.wbc_1e9_l) == (0.5, LabValue(2.105))


def test_the_files_may_start_from_another_folder(tmp_path: Path, write_sheet: WriteSheet) -> None:
    (tmp_path / "fcs").mkdir()

    study = read_study(write_sheet("a.fcs,S1,P01,7,patient"), root=tmp_path / "fcs")

    assert study.root == (tmp_path / "fcs").resolve()
    assert study.tubes[0].path == (tmp_path / "fcs").resolve() / "a.fcs"


def test_a_relative_sheet_gives_absolute_paths(
    write_sheet: WriteSheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_sheet("a.fcs,S1,P01,7,patient")
    monkeypatch.chdir(path.parent)

    assert read_study("samples.csv").tubes[0].path == path.parent.resolve() / "a.fcs"


def test_the_tables_beside_the_sheet_are_read(write_sheet: WriteSheet, tmp_path: Path) -> None:
    (tmp_path / "Treatments.csv").write_text(
        "subject_id,drug,start_day,stop_day,dose,dose_unit\nP01,methylprednisolone,9,11,80,mg\n",
        encoding="utf-8",
    )
    (tmp_path / "reference_tmax.csv").write_text(
        "median_day,low_day,high_day,assay,source\n10,7,14,qPCR,a label\n", encoding="utf-8"
    )

    study = read_study(write_sheet("a.fcs,S1,P01,7,patient"))

    assert study.treatments == (
        Treatment(
            subject_id="P01",
            drug="methylprednisolone",
            start_day=9.0,
            stop_day=11.0,
            dose="80",
            dose_unit="mg",
        ),
    )
    assert study.references == (
        ReferenceTmax(median_day=10.0, low_day=7.0, high_day=14.0, assay="qPCR", source="a label"),
    )
    assert study.findings == ()


def test_a_bad_table_beside_the_sheet_is_named(write_sheet: WriteSheet, tmp_path: Path) -> None:
    (tmp_path / "treatments.csv").write_text("subject_id,drug\n", encoding="utf-8")

    assert message_of(write_sheet("a.fcs,S1,P01,7,patient")) == (
        "treatments.csv: 2 problems\n"
        '  the column "start_day" is missing (found: subject_id, drug)\n'
        '  the column "stop_day" is missing (found: subject_id, drug)'
    )


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150
)
@given(st.binary(max_size=120))
def test_no_bytes_end_in_another_kind_of_error(tmp_path: Path, tail: bytes) -> None:
    header = ",".join(REQUIRED_COLUMNS).encode()
    for name, raw in (("s.csv", header + b"\n" + tail), ("s.csv", tail), ("s.xlsx", tail)):
        (tmp_path / name).write_bytes(raw)
        try:
            read_study(tmp_path / name)
        except (Problems, SheetError):
            continue


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(st.permutations([0, 1, 2, 3]), st.permutations(range(5)))
def test_the_order_of_columns_changes_nothing(
    tmp_path: Path, rows: list[int], columns: list[int]
) -> None:
    table = [
        ["a.fcs", "S1", "P01", "1", "patient"],
        ["b.fcs", "S2", "P01", "7", "patient"],
        ["c.fcs", "S3", "P02", "0", "pre"],
        ["d.fcs", "S4", "P02", "7", "FMO"],
    ]
    lines = [list(REQUIRED_COLUMNS), *(table[at] for at in rows)]
    text = "\n".join(",".join(line[at] for at in columns) for line in lines)
    (tmp_path / "s.csv").write_text(text, encoding="utf-8")

    tubes = read_study(tmp_path / "s.csv").tubes

    assert [tube.sample_id for tube in tubes] == [table[at][1] for at in rows]
    assert [tube.path.name for tube in tubes] == [table[at][0] for at in rows]
    assert [tube.day for tube in tubes] == [float(table[at][3]) for at in rows]
