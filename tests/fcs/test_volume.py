"""$VOL: the unit must make a flow rate a cytometer can have."""

import pytest

from carflow.fcs.volume import AcquiredVolume, acquired_volume
from carflow.reasons import Reason


def _tube(volume: str, seconds: int) -> dict[str, str]:
    minutes, rest = divmod(seconds, 60)
    return {"$VOL": volume, "$BTIM": "10:00:00", "$ETIM": f"10:{minutes:02d}:{rest:02d}"}


# values as the instruments write them
@pytest.mark.parametrize(
    ("stated", "seconds", "unit", "ul", "flow"),
    [
        ("10666", 44, "nL", 10.666, 14.5),  # MACSQuant
        ("99000", 101, "nL", 99.0, 58.8),  # CyFlow Cube
        ("33008", 150, "nL", 33.008, 13.2),  # Accuri C6
        ("46000", 15, "nL", 46.0, 184.0),  # Attune NxT
        ("        36.6", 123, "µL", 36.6, 17.9),  # Cytek Aurora
    ],
)
def test_the_unit_follows_from_the_flow_rate(
    stated: str, seconds: int, unit: str, ul: float, flow: float
) -> None:
    volume = acquired_volume(_tube(stated, seconds))

    assert (volume.unit, volume.reason) == (unit, Reason.NONE)
    assert volume.ul == pytest.approx(ul)
    assert volume.flow_ul_per_min == pytest.approx(flow, abs=0.05)


@pytest.mark.parametrize("stated", ["", " ", "0", "-5", "unknown", "36,6"])
def test_no_positive_number_is_no_volume(stated: str) -> None:
    assert acquired_volume({"$VOL": stated}) == AcquiredVolume(reason=Reason.NO_VOLUME)
    assert acquired_volume({}) == AcquiredVolume(reason=Reason.NO_VOLUME)


@pytest.mark.parametrize("stated", ["2000000", "1"])
def test_a_volume_that_fits_neither_unit_is_refused(stated: str) -> None:
    assert acquired_volume(_tube(stated, 60)) == AcquiredVolume(reason=Reason.VOLUME_UNIT)


@pytest.mark.parametrize("end", ["", "10:00:00", "soon"])
def test_without_usable_times_the_unit_is_unknown(end: str) -> None:
    tube = {"$VOL": "33008", "$BTIM": "10:00:00", "$ETIM": end}

    assert acquired_volume(tube) == AcquiredVolume(reason=Reason.VOLUME_UNIT)
    assert acquired_volume(tube, unit_override="nL").ul == pytest.approx(33.008)


@pytest.mark.parametrize("unit", ["µL", "uL", "μl"])
def test_the_laboratory_may_know_better(unit: str) -> None:
    volume = acquired_volume(_tube("2000", 60), unit_override=unit)

    assert (volume.ul, volume.unit) == (2000.0, "µL")
    assert volume.flow_ul_per_min == pytest.approx(2000.0)


def test_another_unit_is_a_callers_mistake() -> None:
    with pytest.raises(ValueError, match=r"^a volume unit is nL or µL, got 'mL'$"):
        acquired_volume({}, unit_override="mL")
