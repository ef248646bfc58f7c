"""`read_fcs`: HEADER, TEXT, layout, place of the events, panel, matrix, in this order.

Decision: own decoder instead of FlowIO, which reads 59 to 85 % of public files and loads many
damaged ones with wrong values and no word (FlowIO stays the second opinion of the tests). The
reader answers one of: read, read with findings, refused with a code and a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from carflow.errors import FcsError
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.codes import FcsCode, noticed, refusal
from carflow.fcs.copies import holds_same_events
from carflow.fcs.event_time import settled_time
from carflow.fcs.gaps import look_behind_all, look_behind_text, text_segment
from carflow.fcs.header import ABSENT, HEADER_BYTES, Header, Segment, has_magic, parse_header
from carflow.fcs.keywords import Keywords
from carflow.fcs.labels import odd_labels
from carflow.fcs.layout import Layout, read_layout
from carflow.fcs.matrix_evidence import odd_matrix
from carflow.fcs.panel import Panel
from carflow.fcs.plausibility import odd_values
from carflow.fcs.sample import Sample, take_sample
from carflow.fcs.segments import EventBytes, locate_events, supplemental_text
from carflow.fcs.settings import odd_settings
from carflow.fcs.source import not_fcs, opened, read_at, snapshot
from carflow.fcs.spillover import Spillover, file_spillover
from carflow.fcs.text import Text, merged_keywords, parse_text
from carflow.findings import Finding

if TYPE_CHECKING:
    import os
    from io import FileIO


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Where a data set stands; `base` is its offset in the file."""

    number: int
    base: int
    following: int | None
    header: Header
    place: EventBytes

    @property
    def span(self) -> tuple[int, int]:
        return self.base + self.place.begin, self.base + self.place.end


@dataclass(frozen=True, slots=True, kw_only=True)
class _DataSet:
    """One data set, read and looked at."""

    found: _Found
    keywords: Keywords
    layout: Layout
    panel: Panel
    spillover: Spillover | None
    sample: Sample
    findings: tuple[Finding, ...]
    repeats_dataset: int | None = None


def read_fcs(path: str | os.PathLike[str], dataset: int = 0) -> Acquisition:
    """Read one data set of an FCS file (2.0, 3.0, 3.1, 3.2).

    Events are checked against $TOT and sampled now and decoded when they are asked for.

    Parameters
    ----------
    path : path
        The file.
    dataset : int
        Which data set, counted from 0; nearly all files hold one.

    Returns
    -------
    Acquisition
        With findings for everything odd that does not change a value.

    Raises
    ------
    FcsError
        With a code of `carflow.fcs.codes.FcsCode`, the file's name as place and a sentence.

    Examples
    --------
    >>> read_fcs("no-such-file.fcs")
    Traceback (most recent call last):
    ...
    carflow.errors.FcsError: no-such-file.fcs: there is no such file (check the path)
    """
    path = Path(path)
    if dataset < 0:
        raise ValueError(f"data sets are counted from 0, got {dataset}")
    with opened(path) as (stream, size):
        found = _data_sets(stream, size, stop=dataset)
        if len(found) <= dataset:
            raise refusal(
                FcsCode.DATASET,
                f"the file holds {len(found)} data set{'s' if len(found) > 1 else ''}; "
                f"number {dataset} was asked for, counted from 0",
                "check the column dataset of the sheet",
            )
        return _acquisitions(path, stream, found)[dataset]


def read_fcs_all(path: str | os.PathLike[str]) -> tuple[Acquisition, ...]:
    """Read every data set of an FCS file, following $NEXTDATA.

    Raises
    ------
    FcsError
        If any data set cannot be read.
    """
    path = Path(path)
    with opened(path) as (stream, size):
        return _acquisitions(path, stream, _data_sets(stream, size, stop=None))


def _data_sets(stream: FileIO, size: int, *, stop: int | None) -> list[_DataSet]:
    """Read data sets up to number `stop`, or all of them."""
    found: list[_DataSet] = []
    base: int | None = 0
    while base is not None and (stop is None or len(found) <= stop):
        try:
            found.append(_data_set(stream, size, base=base, number=len(found)))
        except FcsError as error:
            raise (error.at(f"data set {len(found)}") if found else error) from None
        found[-1] = _compared(found[-1], found[:-1])
        base = found[-1].found.following
    return found


def _compared(data_set: _DataSet, earlier: list[_DataSet]) -> _DataSet:
    """Mark a data set that holds the events of an earlier one again."""
    for other in earlier:
        if holds_same_events(other.sample, data_set.sample):
            message = (
                f"data set {data_set.found.number} holds the events of data set "
                f"{other.found.number} again: "
                "count only one of them"
            )
            findings = (*data_set.findings, noticed(FcsCode.SAME_EVENTS, message))
            return replace(data_set, findings=findings, repeats_dataset=other.found.number)
    return data_set


def _data_set(stream: FileIO, size: int, *, base: int, number: int) -> _DataSet:
    block = read_at(stream, base, HEADER_BYTES)
    if not has_magic(block):
        raise not_fcs(read_at(stream, base, 512))
    header = parse_header(block)
    header = replace(header, text=text_segment(header))
    text = _text(stream, size, base, header)
    findings = list(text.findings)
    keywords, supplement = _keywords(stream, base, header, text, findings)
    layout = read_layout(keywords, header.version, findings)
    place = locate_events(
        keywords,
        header,
        record_bytes=layout.record_bytes,
        available=size - base,
        findings=findings,
    )
    following = _following(stream, size, base, keywords, findings)
    segments = [header.text, supplement, header.analysis, Segment(place.begin, place.end - 1)]
    end = size if following is None else following
    findings += look_behind_text(stream, base, text, segments, end)
    findings += look_behind_all(stream, base, segments, end, layout.record_bytes)
    return _looked_at(
        _Found(number=number, base=base, following=following, header=header, place=place),
        keywords,
        take_sample(stream, base + place.begin, place.n_events, layout),
        findings,
    )


def _looked_at(
    found: _Found, keywords: Keywords, sample: Sample, findings: list[Finding]
) -> _DataSet:
    """Hold names, settings and sampled values against each other."""
    with np.errstate(all="ignore"):  # values that are no numbers are found, not warned about
        layout = settled_time(sample, keywords, findings)
        panel = _panel(layout)
        spillover = file_spillover(keywords, panel, findings)
        findings += odd_values(sample) + odd_matrix(sample, spillover)
    findings += odd_labels(keywords, panel)
    findings += odd_settings([column.parameter for column in layout.columns])
    return _DataSet(
        found=found,
        keywords=keywords,
        layout=layout,
        panel=panel,
        spillover=spillover,
        sample=sample,
        findings=tuple(findings),
    )


def _text(stream: FileIO, size: int, base: int, header: Header) -> Text:
    segment = header.text
    if segment.begin < HEADER_BYTES or segment.size < 1:
        raise refusal(
            FcsCode.TEXT,
            "the HEADER gives no place for the keywords (TEXT)",
            "the file is damaged or was edited; export it again",
        )
    if base + segment.end > size:
        raise refusal(
            FcsCode.TRUNCATED,
            "the file ends inside its keywords: "
            f"{base + segment.end - size} bytes of TEXT are missing",
            "the file is cut short; copy it again from the cytometer",
        )
    return parse_text(read_at(stream, base + segment.begin, segment.size))


def _keywords(
    stream: FileIO, base: int, header: Header, text: Text, findings: list[Finding]
) -> tuple[Keywords, Segment]:
    """Return primary and supplemental keywords together, and where the latter stand."""
    keywords = Keywords(MappingProxyType(dict(text.keywords)))
    segment = supplemental_text(keywords)
    if segment.is_absent or header.text.begin <= segment.begin <= header.text.last:
        return keywords, ABSENT  # some software names the primary TEXT a second time
    block = read_at(stream, base + segment.begin, segment.size)
    if len(block) < segment.size or len(block) < 4 or block[0] != text.delimiter:
        message = "a supplemental TEXT is declared where there is none; its keywords are not known"
        findings.append(noticed(FcsCode.SUPPLEMENTAL_TEXT, message))
        return keywords, segment
    more = parse_text(block, supplemental=True)
    merged = merged_keywords(keywords.values, more.keywords.items(), findings)
    return Keywords(MappingProxyType(merged)), segment


def _following(
    stream: FileIO, size: int, base: int, keywords: Keywords, findings: list[Finding]
) -> int | None:
    """Return where the next data set begins, None if there is none."""
    stated = keywords.text("$NEXTDATA")
    offset = keywords.number("$NEXTDATA") if stated else 0.0
    if offset == 0:
        return None
    if offset is not None and offset > HEADER_BYTES and base + offset < size:
        following = base + int(offset)
        if has_magic(read_at(stream, following, 3)):
            findings.append(noticed(FcsCode.MORE_DATASETS, "the file holds further data sets"))
            return following
    message = "$NEXTDATA points to nothing; the file ends with this data set"
    findings.append(noticed(FcsCode.NEXTDATA_EMPTY, message))
    return None


def _panel(layout: Layout) -> Panel:
    return Panel(
        channels=tuple(column.parameter.name for column in layout.columns),
        markers=tuple(column.parameter.marker for column in layout.columns),
    )


def _acquisitions(path: Path, stream: FileIO, found: list[_DataSet]) -> tuple[Acquisition, ...]:
    opened_file = snapshot(stream, path, tuple(one.found.span for one in found))
    return tuple(
        Acquisition(
            path=path,
            dataset=data_set.found.number,
            version=data_set.found.header.version,
            n_events=data_set.found.place.n_events,
            panel=data_set.panel,
            keywords=data_set.keywords.values,
            spillover=data_set.spillover,
            findings=data_set.findings,
            timestep_s=data_set.layout.columns[0].parameter.timestep_s,
            repeats_dataset=data_set.repeats_dataset,
            layout=data_set.layout,
            snapshot=opened_file,
        )
        for data_set in found
    )
