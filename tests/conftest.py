"""What several tests share: the corpus of real files, the sample course, small recipes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from carflow import simulate
from carflow.fcs.writer import write_fcs

ROOT = Path(__file__).parents[1]

# a busy machine is slow, which is no property of what is tested
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real FCS files, or a skip where there is none."""
    folder = os.environ.get("CARFLOW_CORPUS", "")
    if not folder:
        pytest.skip("CARFLOW_CORPUS is not set: no real FCS files here")
    return Path(folder)


@pytest.fixture(scope="session")
def sample_fcs() -> Path:
    """The sample course of this checkout."""
    return ROOT / "sample_fcs"


@pytest.fixture(scope="session")
def gates_folder() -> Path:
    """The gate templates of this checkout."""
    return ROOT / "gates"


WriteTube = Callable[..., Path]


@pytest.fixture(scope="session")
def write_tube() -> WriteTube:
    """Write one small simulated tube; keywords may be added or replaced, None removes one."""

    def write(
        path: Path, *, identity: str = "test", car: int = 400, **keywords: str | None
    ) -> Path:
        counts = {
            "CD4 CAR T": car // 2,
            "CD8 CAR T": car - car // 2,
            "CD4 T": 800,
            "CD8 T": 600,
            "NK": 150,
            "B": 60,
            "monocyte": 150,
            "granulocyte": 700,
            "dead": 100,
            "debris": 300,
            "bead": 1_100,
        }
        recipe = simulate.Recipe(identity=identity, counts=counts, doublets=60, duration_s=30.0)
        stated: dict[str, str | None] = {
            "$CYT": "carflow simulator",
            "$DATE": "05-MAR-2001",
            "$BTIM": "10:00:00.00",
            "$ETIM": "10:00:30.00",
            "$TIMESTEP": "0.01",
            "$VOL": "50000",
            "$SPILLOVER": simulate.spillover_keyword(),
        }
        stated |= {f"${name}": value for name, value in keywords.items()}
        write_fcs(
            path,
            simulate.simulate_tube(recipe),
            channels=simulate.CHANNELS,
            markers=simulate.MARKERS,
            keywords={name: value for name, value in stated.items() if value is not None},
            ranges=[simulate.RANGE] * len(simulate.CHANNELS),
        )
        return path

    return write
