import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.errors import AnalysisError
from carflow.fcs.spillover import Spillover
from carflow.gating.compensation import CompensationState, compensation
from carflow.gating.matrices import ordered_inverse

DYES = ("B1", "V1", "R1")
MATRIX = np.array([[1.0, 0.2, 0.0], [0.05, 1.0, 0.1], [0.0, 0.3, 1.0]])


def spill(matrix: np.ndarray = MATRIX, channels: tuple[str, ...] = DYES) -> Spillover:
    return Spillover(channels=channels, matrix=matrix, keyword="$SPILLOVER")


@given(seed=st.integers(0, 10_000), size=st.integers(1, 12))
def test_the_inverse_is_that_of_numpy(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = np.eye(size) + np.where(np.eye(size) > 0, 0.0, rng.uniform(0.0, 0.3, (size, size)))
    matrix[0] *= rng.choice([1e-3, 1.0, 1e3])
    if np.linalg.cond(matrix) < 1e6:
        expected = np.linalg.inv(matrix)
        scale = np.abs(expected).max()
        assert np.array(ordered_inverse(matrix.tolist())) == pytest.approx(
            expected, abs=1e-9 * scale
        )


def test_a_pivot_of_zero_is_no_obstacle() -> None:
    assert ordered_inverse([[0.0, 2.0], [4.0, 0.0]]) == ((0.0, 0.25), (0.5, 0.0))


def test_a_matrix_without_inverse_is_refused() -> None:
    with pytest.raises(AnalysisError) as caught:
        ordered_inverse([[1.0, 1.0], [1.0, 1.0]])
    assert str(caught.value) == (
        "the spillover matrix has no inverse (correct it in the acquisition software)"
    )


def test_compensated_columns_solve_the_spillover_equation() -> None:
    true = np.random.default_rng(3).normal(500.0, 300.0, (50, 3))
    raw = dict(zip(DYES, (true @ MATRIX).T.copy(), strict=True))
    made = compensation(spill(), DYES, asked=True)
    for place, dye in enumerate(DYES):
        assert made.column(dye, raw.__getitem__) == pytest.approx(true[:, place], rel=1e-9)


def test_a_detector_that_gives_nothing_is_not_read() -> None:
    lone = spill(np.array([[1.0, 0.2, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    made = compensation(lone, ("V1", "R1"), asked=True)
    assert made.detectors("V1") == ("B1", "V1")
    assert made.detectors("R1") == ("R1",)
    assert made.detectors("FSC-A") == ("FSC-A",)


def test_the_raw_column_is_not_written_to() -> None:
    raw = {dye: np.full(3, 100.0) for dye in DYES}
    compensation(spill(), DYES, asked=True).column("V1", raw.__getitem__)
    assert raw["B1"].tolist() == [100.0, 100.0, 100.0]


def test_each_way_of_not_compensating_has_its_name() -> None:
    identity = spill(np.eye(3))
    assert compensation(None, DYES, asked=True).state is CompensationState.NO_MATRIX
    assert compensation(spill(), DYES, asked=False).state is CompensationState.NOT_ASKED
    assert compensation(identity, DYES, asked=True).state is CompensationState.IDENTITY
    assert compensation(spill(), ("Comp-B1",), asked=True).state is CompensationState.ALREADY
    assert compensation(spill(), DYES, asked=True).state is CompensationState.APPLIED


def test_channels_compensated_before_are_left_alone() -> None:
    named = spill(channels=("Comp-B1", "V1", "R1"))
    made = compensation(named, ("Comp-B1", "V1"), asked=True)
    assert made.detectors("Comp-B1") == ("Comp-B1",)
    assert made.uncovered == ()


def test_a_channel_the_matrix_does_not_know_is_named() -> None:
    made = compensation(spill(), ("B1", "UV9"), asked=True)
    assert made.uncovered == ("UV9",)
    assert made.detectors("UV9") == ("UV9",)


@pytest.mark.parametrize("prefix", ["Comp-", "FJComp-"])
def test_what_the_name_calls_compensated_is_not_compensated_again(prefix: str) -> None:
    wanted = [f"{prefix}FITC-A", f"{prefix}PE-A"]

    found = compensation(None, wanted, asked=True)

    assert (found.state, dict(found.weights)) == (CompensationState.ALREADY, {})
