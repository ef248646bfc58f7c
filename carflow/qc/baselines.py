"""Which tubes are runs of which control chart; baselines made, written as text and read again.

A run is a tube of the sheet with a `control_lot`: beads (bead-QC) or a control blood (healthy).
What is charted was measured while its events were in hand (`carflow.measured`). No file is
opened here, and no patient's value ever gets here: the sheet refuses a lot on a patient's tube.

Decision: rules over several runs follow one lot on one cytometer, in the order of acquisition.
Lots run on one day on one cytometer are levels of one control, and R-4s and 2-2s look across
them; channels of one tube are not, since they fail together or not at all.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING

from carflow.errors import CarflowError
from carflow.findings import Finding, Severity
from carflow.qc.control_charts import (
    LEAST_RUNS,
    Baseline,
    Rule,
    freeze_baseline,
    r_4s,
    two_2s,
    violations,
)
from carflow.qc.usual import some_of
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from carflow.qc.summary import TubeSummary

SCHEMA = "carflow-baseline-1"
_LIMIT = "warn 1-2s, fail 1-3s 2-2s R-4s 4-1s 10x"
Key = tuple[str, str, str]  # material, instrument, lot


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartedRun:
    """One run on a chart: its tube, its value, its distance from the centre [SD], its rules."""

    sample_id: str
    acquired_at: datetime | None
    value: float
    z: float
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A Levey-Jennings chart: a frozen baseline and the runs after it, in their order."""

    baseline: Baseline
    runs: tuple[ChartedRun, ...]


def frozen_baselines(tubes: Sequence[TubeSummary]) -> tuple[Baseline, ...]:
    """Return a baseline for everything that was measured in 20 runs of a lot on a cytometer.

    What does not vary, or has fewer runs, gets none.

    Raises
    ------
    CarflowError
        CHART-BASELINE, if nothing has 20 runs.
    """
    by_key = _by_key(tubes)
    longest = max((len(runs) for runs in by_key.values()), default=0)
    if longest < LEAST_RUNS:
        raise CarflowError(
            f"a baseline needs {LEAST_RUNS} runs of one lot on one cytometer, found at most "
            f"{longest}",
            hint="name the lot of bead-QC and healthy tubes in the column control_lot of the sheet",
            code="CHART-BASELINE",
        )
    made = []
    for (material, instrument, lot), runs in by_key.items():
        values = [value for _, value in runs]
        if len(values) >= LEAST_RUNS and min(values) < max(values):
            made.append(freeze_baseline(values, material=material, instrument=instrument, lot=lot))
    return tuple(made)


def charts_of(tubes: Sequence[TubeSummary], baselines: Sequence[Baseline]) -> tuple[Chart, ...]:
    """Return a chart for every baseline that any tube has a run for."""
    by_key = _by_key(tubes)
    charts = [
        Chart(baseline=one, runs=_charted(one, by_key[key]))
        for one in baselines
        if (key := (one.material, one.instrument, one.lot)) in by_key
    ]
    return tuple(_across_lots(charts))


def check_charts(
    tubes: Sequence[TubeSummary], baselines: Sequence[Baseline]
) -> tuple[Finding, ...]:
    """Return one finding for each process control: PASS, WARN by 1-2s alone, FAIL by other rules.

    A control of a lot or cytometer without a baseline is told and not judged; without any
    baseline that is said once.
    """
    controls = [tube for tube in tubes if tube.control_values]
    if controls and not baselines:
        whose = f"{len(controls)} process control{'s were' if len(controls) > 1 else ' was'}"
        message = f"{whose} not judged: no baseline file was named (--baseline FILE)."
        return (Finding(code="QC-CHART", severity=Severity.INFO, message=message),)
    charts = charts_of(tubes, baselines)
    return tuple(
        _finding(tube, [(one.baseline, run) for one in charts for run in _runs_of(one, tube)])
        for tube in controls
    )


def undated(charts: Sequence[Chart]) -> tuple[Chart, ...]:
    """Return charts without the times of their runs, to be passed on: their order is kept."""
    return tuple(
        replace(chart, runs=tuple(replace(run, acquired_at=None) for run in chart.runs))
        for chart in charts
    )


def baselines_json(baselines: Sequence[Baseline]) -> str:
    """Return baselines as the text of a baseline file; the same baselines give the same text."""
    document = {"schema": SCHEMA, "baselines": [asdict(one) for one in baselines]}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def parse_baselines(text: str) -> tuple[Baseline, ...]:
    """Return the baselines of a baseline file.

    Raises
    ------
    CarflowError
        CHART-FILE, if it is none.
    """
    hint = "make one with carflow qc SHEET --freeze-baseline FILE"
    try:
        document = json.loads(text)
        known = document["schema"] == SCHEMA
        entries = list(document["baselines"]) if known else []
        found = tuple(_baseline(entry) for entry in entries)
    except (ValueError, KeyError, TypeError):
        raise CarflowError("is not a baseline file", hint=hint, code="CHART-FILE") from None
    if not known:
        raise CarflowError(f"is no baseline file of this version ({SCHEMA})", code="CHART-FILE")
    return found


def _baseline(entry: Mapping[str, object]) -> Baseline:
    kinds = {one.name: type(entry[one.name]) for one in fields(Baseline)}
    numbers = all(kinds[name] in {int, float} for name in ("centre", "spread", "n_runs"))
    words = all(kinds[name] is str for name in ("material", "instrument", "lot"))
    made = Baseline(**entry)  # type: ignore[arg-type]  # kinds are looked at beside it
    if not (numbers and words) or not made.spread > 0.0:
        raise ValueError
    return made


def _by_key(tubes: Sequence[TubeSummary]) -> dict[Key, list[tuple[TubeSummary, float]]]:
    """Return the runs of everything that is charted, in the order of acquisition."""
    by_key: dict[Key, list[tuple[TubeSummary, float]]] = {}
    for tube in sorted(tubes, key=_when):
        for material, value in tube.control_values.items():
            key = (material, tube.instrument_sha256, tube.control_lot)
            by_key.setdefault(key, []).append((tube, value))
    return by_key


def _when(tube: TubeSummary) -> tuple[bool, datetime, int]:
    """Return what orders tubes: the time of acquisition, the sheet where it is not known."""
    return tube.acquired_at is None, tube.acquired_at or datetime.min, tube.row  # noqa: DTZ901  # FCS has no time zone


def _charted(
    baseline: Baseline, runs: Sequence[tuple[TubeSummary, float]]
) -> tuple[ChartedRun, ...]:
    scores = [baseline.z(value) for _, value in runs]
    broken: dict[int, list[Rule]] = {}
    for one in violations([(score,) for score in scores]):
        broken.setdefault(one.run, []).append(one.rule)
    return tuple(
        ChartedRun(
            sample_id=tube.sample_id,
            acquired_at=tube.acquired_at,
            value=value,
            z=score,
            rules=tuple(broken.get(number, ())),
        )
        for number, ((tube, value), score) in enumerate(zip(runs, scores, strict=True))
    )


def _across_lots(charts: Sequence[Chart]) -> Iterator[Chart]:
    """Add the rules that several levels of one control break together on one day."""
    levels: dict[tuple[object, ...], list[float]] = {}
    for chart in charts:
        for run in chart.runs:
            if run.acquired_at is not None:
                levels.setdefault(_day_of(chart, run), []).append(run.z)
    for chart in charts:
        runs = []
        for run in chart.runs:
            scores = [levels.get(_day_of(chart, run), [])]
            more = [rule for rule, test in _WITHIN if len(scores[0]) > 1 and test(scores)]
            rules = {*run.rules, *more}
            runs.append(replace(run, rules=tuple(rule for rule in Rule if rule in rules)))
        yield Chart(baseline=chart.baseline, runs=tuple(runs))


_WITHIN = ((Rule.TWO_2S, two_2s), (Rule.R_4S, r_4s))


def _day_of(chart: Chart, run: ChartedRun) -> tuple[object, ...]:
    day = run.acquired_at.date() if run.acquired_at else run.sample_id
    return chart.baseline.material, chart.baseline.instrument, day


def _runs_of(chart: Chart, tube: TubeSummary) -> list[ChartedRun]:
    return [run for run in chart.runs if run.sample_id == tube.sample_id]


def _finding(tube: TubeSummary, runs: Sequence[tuple[Baseline, ChartedRun]]) -> Finding:
    if not runs:
        return Finding(
            code="QC-CHART",
            severity=Severity.INFO,
            message=(
                "There is no baseline for this lot on this cytometer: the process control was "
                "not judged."
            ),
            sample_id=tube.sample_id,
        )
    odd = [(baseline, run) for baseline, run in runs if run.rules]
    furthest = max(runs, key=lambda pair: abs(pair[1].z))[1].z
    severity = Severity.PASS
    message = f"The process control is within its baseline on {_charts(len(runs))}."
    if odd:
        minor = all(run.rules == (Rule.ONE_2S,) for _, run in odd)
        severity = Severity.WARN if minor else Severity.FAIL
        odd.sort(key=lambda pair: (pair[1].rules == (Rule.ONE_2S,), -abs(pair[1].z)))
        told = some_of([_sentence(baseline, run) for baseline, run in odd], "; ")
        message = (
            f"The process control left its baseline on {len(odd)} of {_charts(len(runs))}: {told}."
        )
    return Finding(
        code="QC-CHART",
        severity=severity,
        message=message,
        sample_id=tube.sample_id,
        value=furthest,
        limit=_LIMIT,
    )


def _charts(number: int) -> str:
    return "1 chart" if number == 1 else f"{number} charts"


def _sentence(baseline: Baseline, run: ChartedRun) -> str:
    rules = ", ".join(run.rules)
    value = significant(run.value, 4)  # no exponent
    return f"{baseline.material} {value}, {run.z:+.1f} SD, by {rules}"
