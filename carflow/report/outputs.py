"""Every file of a run, written whole or not at all; the order ends with ``run.json``.

An existing output folder is used again: its files are replaced one by one. ``run.json`` lists
every public file with its SHA-256, so a file of an earlier run that this one did not write can
be told apart. What a sample came from stands in the private folder alone.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from carflow.errors import ResultError
from carflow.gating.lock import lock_text
from carflow.report.beside import (
    Picture,
    control_pictures,
    pictures_beside,
    pictures_of_all,
)
from carflow.report.density import gate_figure
from carflow.report.expansion import time_course_figure
from carflow.report.files import make_folder, safe_stem, write_bytes, write_text
from carflow.report.model_figure import model_figure
from carflow.report.page import ALL_SUBJECTS, CONTROLS, THROUGH_TIME, report_html
from carflow.report.style import png_bytes, svg_text
from carflow.report.subjects import subjects_figure
from carflow.report.tables import (
    MANIFEST_COLUMNS,
    manifest_rows,
    public_tables,
    write_csv,
)
from carflow.report.time_traces import time_figure
from carflow.report.workbook import workbook_bytes
from carflow.result.archive import result_from_json, result_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from carflow.result.run import GatesUsed, Result

RESULT_NAME = "result.json"
_SHARED_NAMES = {ALL_SUBJECTS: "subjects", THROUGH_TIME: "time"}


def write_outputs(result: Result, out: Path) -> tuple[Path, ...]:
    """Write every file of a run and return their paths.

    Raises
    ------
    OutputError
        If a file cannot be written; files written before it are complete.
    """
    make_folder(out)
    written = [
        write_csv(out / f"{name}.csv", columns, table)
        for name, (columns, table) in public_tables(result).items()
    ]
    written += _write_gates(result, out)
    written += write_pages(result, out)
    written.append(write_bytes(out / "carflow.xlsx", workbook_bytes(result)))
    written.append(write_text(out / RESULT_NAME, result_to_json(result)))
    written.append(write_text(out / "run.json", _run_json(result, out, written)))
    make_folder(out / "private", private=True)
    manifest = write_csv(out / "private" / "manifest.csv", MANIFEST_COLUMNS, manifest_rows(result))
    return (*written, manifest)


def write_pages(result: Result, out: Path) -> tuple[Path, ...]:
    """Write the figures and the page that shows them, and return their paths.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    make_folder(out / "figures")
    written: list[Path] = []
    shown: dict[str, str] = {}
    for subject in result.subject_results:
        for kind, figure in _figures(result, subject.subject_id).items():
            path = out / "figures" / f"{kind}-{safe_stem(subject.subject_id)}"
            svg = svg_text(figure)
            written.append(write_text(path.with_suffix(".svg"), svg))
            written.append(write_bytes(path.with_suffix(".png"), png_bytes(figure)))
            if kind == "model":
                shown[subject.subject_id] = svg
    beside = _beside(result)
    for subject_id, pictures in beside.items():
        for picture in pictures:
            whose = f"-{safe_stem(subject_id)}" if subject_id.strip() else ""
            path = out / "figures" / f"{picture.kind}{whose}"
            written.append(write_text(path.with_suffix(".svg"), svg_text(picture.figure)))
            written.append(write_bytes(path.with_suffix(".png"), png_bytes(picture.figure)))
    for key, figure in _shared_figures(result).items():
        shown[key] = svg_text(figure)
        name = _SHARED_NAMES[key]
        written.append(write_text(out / "figures" / f"{name}.svg", shown[key]))
        written.append(write_bytes(out / "figures" / f"{name}.png", png_bytes(figure)))
    written.append(write_text(out / "report.html", report_html(result, shown, beside)))
    return tuple(written)


def write_report(result: Result, path: str | Path) -> Path:
    """Write the report page alone and return its path.

    Parameters
    ----------
    result : Result
        What a run found.
    path : str or Path
        The HTML file to write; its folder is made if absent.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    target = Path(path)
    figures = {
        subject.subject_id: svg_text(model_figure(result, subject.subject_id))
        for subject in result.subject_results
    }
    figures |= {key: svg_text(one) for key, one in _shared_figures(result).items()}
    make_folder(target.parent)
    return write_text(target, report_html(result, figures, _beside(result)))


def read_result(folder: Path) -> Result:
    """Return the result that an earlier run wrote into a folder.

    Raises
    ------
    ResultError
        If the folder holds no such result.
    """
    path = folder / RESULT_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ResultError("cannot be read", hint="name a folder that `carflow run` has written").at(
            str(path)
        ) from error
    try:
        return result_from_json(text)
    except ResultError as error:
        raise error.at(str(path)) from None


def _beside(result: Result) -> dict[str, tuple[Picture, ...]]:
    found = {one.subject_id: pictures_beside(result, one) for one in result.subject_results}
    return {ALL_SUBJECTS: pictures_of_all(result), CONTROLS: control_pictures(result), **found}


def _figures(result: Result, subject_id: str) -> Mapping[str, Figure]:
    return {
        "model": model_figure(result, subject_id),
        "gates": gate_figure(result, subject_id),
        "expansion": time_course_figure(result, subject_id),
    }


def _shared_figures(result: Result) -> dict[str, Figure]:
    """Return the figures that belong to no subject, where there is something to draw."""
    figures = {ALL_SUBJECTS: subjects_figure(result), THROUGH_TIME: time_figure(result)}
    return {key: figure for key, figure in figures.items() if figure is not None}


def _write_gates(result: Result, out: Path) -> list[Path]:
    """Write the gates as applied, and the lock file that gates later tubes alike.

    Gates that Gating-ML has no words for have no file; their hash is kept.
    """
    make_folder(out / "gates")
    named = list(zip(_gate_files(result.provenance.gates), result.provenance.gates, strict=True))
    written = [
        write_text(out / "gates" / name, gates.gatingml) for name, gates in named if gates.gatingml
    ]
    lock = [
        {
            "name": gates.name,
            "panel_id": gates.panel_id,
            "sample_id": gates.sample_id,
            "sha256": gates.sha256,
            "file": f"gates/{name}" if gates.gatingml else None,
        }
        for name, gates in named
    ]
    text = lock_text(result.provenance.locks, gates=lock)
    return [*written, write_text(out / "gates.lock.json", text)]


def _gate_files(gates: tuple[GatesUsed, ...]) -> list[str]:
    """Return one file name for each: its own, or the sample's, where that is safe and unique."""
    names = [one.sample_id or one.name for one in gates]
    plain = [name.casefold() for name in names]
    return [
        f"{name}.xml"
        if _is_plain(name) and plain.count(name.casefold()) == 1
        else f"{safe_stem(f'{name} {one.sha256}')}.xml"
        for name, one in zip(names, gates, strict=True)
    ]


def _is_plain(name: str) -> bool:
    kept = name.replace("_", "").replace("-", "")
    # Windows keeps a few short names for devices; they are all shorter than this
    return kept.isascii() and kept.isalnum() and 4 < len(name) <= 60


def _run_json(result: Result, out: Path, written: list[Path]) -> str:
    provenance = result.provenance
    return _json(
        {
            "verdict": str(result.verdict),
            "exit_code": int(result.exit_code),
            "tubes": len(result.tube_results),
            "failed_tubes": sum(tube.failure is not None for tube in result.tube_results),
            "versions": dict(provenance.versions),
            "sheet_sha256": provenance.sheet_sha256,
            "gates_sha256": [gates.sha256 for gates in provenance.gates],
            "options": dict(provenance.options),
            "thresholds": dict(provenance.thresholds),
            "input_sha256": [row.sha256 for row in result.manifest],
            "outputs": {
                path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in written
            },
        }
    )


def _json(document: Mapping[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
