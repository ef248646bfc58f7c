"""Known shares of a simulated CAR signal in the T cells of a real tube, found again.

Everything but the CAR is real: the cells, the debris, the neighbours of the T cells. Which
cells carry the signal is known, so the truth needs no expert.
"""

from pathlib import Path

import numpy as np
import pytest

import carflow as cf
from carflow.fcs.writer import write_fcs

GATES = Path(__file__).parent / "gates"
REAL = "HuRunhuan+Flow-Cytometry-Auto-TBNK/bin/Debug/1.fcs"
SHARES_PCT = (0.0, 0.5, 2.0, 5.0, 20.0, 50.0)
CONTROLS = 5  # real T cells of one tube with fresh noise each, for the 99.9th percentile


def mixed(corpus: Path, folder: Path) -> Path:
    """Write the tube once for each share, and its controls; return the sheet."""
    real = cf.read_fcs(corpus / "fcs" / REAL)
    t_cells = np.flatnonzero(cf.gate(real, cf.read_gates(GATES / "tbnk.toml")).mask("CD3+"))
    columns = real.columns(real.channels)
    assert real.timestep_s is not None
    columns[real.channels.index("Time")] /= real.timestep_s
    lines = ["file,sample_id,subject_id,day,sample_type,panel_id"]
    for number, share_pct in enumerate((*SHARES_PCT, *(0.0,) * CONTROLS)):
        rng = np.random.default_rng([41, number])
        car = 150.0 * np.exp(rng.normal(0.0, 0.4, real.n_events))
        car += rng.normal(0.0, 80.0, real.n_events)
        positive = rng.choice(t_cells, size=round(share_pct / 100 * len(t_cells)), replace=False)
        car[positive] += 3000.0 * np.exp(rng.normal(0.0, 0.6, len(positive)))
        control = number >= len(SHARES_PCT)
        name = f"FMO{number}" if control else f"S{number}"
        write_fcs(
            folder / f"{name}.fcs",
            np.vstack([columns, car]).T.astype(np.float32),
            channels=(*real.channels, "R660-A"),
            markers=(*real.markers, "CAR"),
            keywords={
                "$TIMESTEP": f"{real.timestep_s:g}",
                "$SPILLOVER": real.keywords.get("$SPILLOVER", real.keywords.get("SPILL", "")),
            },
            ranges=[262144] * (len(real.channels) + 1),
        )
        kind = "FMO" if control else "patient"
        lines.append(f"{name}.fcs,{name},P1,{number},{kind},tbnk")
    sheet = folder / "samples.csv"
    sheet.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return sheet


def test_known_shares_are_recovered_within_the_binomial_error(corpus: Path, tmp_path: Path) -> None:
    result = cf.run(cf.read_study(mixed(corpus, tmp_path)), cf.read_gates(GATES / "tbnk_auto.toml"))

    [lock] = result.provenance.locks
    assert [one for one in lock.gates if one.fallback and one.n_events] == []
    table = []
    for number, share_pct in enumerate(SHARES_PCT):
        quantity = result.tube(f"S{number}").quantity("car_net_pct_cd3")
        assert quantity is not None
        measure = quantity.measure
        assert measure.value is not None
        assert measure.low is not None
        assert measure.high is not None
        # the interval is of counting alone, in tube and control; 0.1 point for the gates
        assert measure.low - 0.1 <= share_pct <= measure.high + 0.1
        table.append(f"mixed {share_pct:5.1f} %  found {measure.value:6.2f} %  "
                     f"[{measure.low:.2f}, {measure.high:.2f}]")  # fmt: skip
    print("\n".join(table))  # noqa: T201  # shown by pytest -s


def test_found_gates_of_a_real_tube_agree_with_those_drawn_by_eye(
    corpus: Path, tmp_path: Path
) -> None:
    study = cf.read_study(mixed(corpus, tmp_path))
    found = cf.fit_gates(study, cf.read_gates(GATES / "tbnk_auto.toml"))
    tube = cf.read_fcs(study.tubes[0].path)

    drawn = cf.gate(tube, cf.read_gates(GATES / "tbnk.toml")).mask("CD3+")
    automatic = cf.gate(tube, found).mask("CD3+")

    f1 = 2 * (drawn & automatic).sum() / (drawn.sum() + automatic.sum())
    assert f1 == pytest.approx(1.0, abs=0.05)
