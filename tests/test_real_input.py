"""Real tubes through the same command: public files, each with gates drawn on it."""

import csv
import itertools
import json
from pathlib import Path

import pytest

import carflow as cf
from carflow.result.run import Result

GATES = Path(__file__).parent / "gates"
NOVOCYTE = "LennonLab+flow-cytometry/daniel_pipeline/files/T3_CalCurve"


def run_on(corpus: Path, tmp_path: Path, gates: str, files: dict[str, str]) -> Result:
    """Write a sheet beside links to the corpus's files and run it."""
    lines = [["file", "sample_id", "subject_id", "day", "sample_type", "panel_id"]]
    for day, (sample_id, file) in enumerate(files.items()):
        source = corpus / "fcs" / file
        assert source.exists()
        copy = tmp_path / f"{sample_id}.fcs"
        copy.write_bytes(source.read_bytes())
        lines.append([copy.name, sample_id, sample_id, str(day), "healthy", gates])
    with (tmp_path / "samples.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(lines)
    study = cf.read_study(tmp_path / "samples.csv")
    return cf.run(study, cf.read_gates(GATES / f"{gates}.toml"))


def value(result: Result, sample_id: str, name: str) -> float:
    quantity = result.tube(sample_id).quantity(name)
    assert quantity is not None
    assert quantity.measure.value is not None, quantity.measure.reason
    return quantity.measure.value


def test_a_clinical_t_b_nk_tube(corpus: Path, tmp_path: Path) -> None:
    file = "HuRunhuan+Flow-Cytometry-Auto-TBNK/bin/Debug/1.fcs"
    result = run_on(corpus, tmp_path, "tbnk", {"tbnk": file})
    counts = {one.population: one.count for one in result.tube("tbnk").populations}

    # lymphocytes are T, B or NK cells: the three must add up ("lymphosum", customarily 95-105 %)
    parts = counts["CD3+"] + counts["B cells"] + counts["NK cells"]
    assert parts / counts["lymphocytes"] == pytest.approx(1.0, abs=0.05)
    # CD3+ cells are CD4+ or CD8+ but for gamma-delta and double negative cells ("T-sum")
    t_sum = value(result, "tbnk", "cd4_pct_cd3") + value(result, "tbnk", "cd8_pct_cd3")
    assert 85.0 < t_sum < 101.0
    assert value(result, "tbnk", "cd3_pct_lymph") == pytest.approx(59.7, abs=1.0)


def test_blood_on_a_macsquant_without_a_matrix(corpus: Path, tmp_path: Path) -> None:
    file = (
        "cytoflow+cytoflow/cytoflow/tests/data/instruments/Miltenyi Biotec - MACSQuant Analyzer.fcs"
    )
    result = run_on(corpus, tmp_path, "macsquant_blood", {"macs": file})

    assert value(result, "macs", "live_pct_cells") == pytest.approx(98.6, abs=0.5)
    assert value(result, "macs", "cd3_pct_cd45") == pytest.approx(14.8, abs=0.5)


def test_a_twofold_dilution_series_counts_down_by_volume(corpus: Path, tmp_path: Path) -> None:
    files = {f"2e{step}": f"{NOVOCYTE}/T3_CalCurve_2e{step}.fcs" for step in range(7)}
    result = run_on(corpus, tmp_path, "novocyte_dilution", files)
    per_ul = [value(result, sample_id, "cells_per_ul_vol") for sample_id in files]
    whole = [19455, 10035, 5711, 3139, 1594, 830, 441]

    for counted, events in zip(per_ul, whole, strict=True):
        assert counted <= events
    # each step halves the particles; the background below the gate does not dilute
    ratios = [here / there for here, there in itertools.pairwise(per_ul)]
    assert ratios == pytest.approx([2.0] * 6, rel=0.15)


def test_results_of_real_tubes_are_the_same_when_written_and_read(
    corpus: Path, tmp_path: Path
) -> None:
    from dataclasses import replace

    from carflow.result.archive import result_from_json, result_to_json

    file = "HuRunhuan+Flow-Cytometry-Auto-TBNK/bin/Debug/1.fcs"
    result = run_on(corpus, tmp_path, "tbnk", {"tbnk": file})
    text = result_to_json(result)

    assert json.loads(text)["schema"] == "carflow-result-1"
    assert result_from_json(text) == replace(result, manifest=())
