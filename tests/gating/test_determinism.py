"""The same counts on other processors: OpenBLAS kernels and numpy without AVX-512."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from carflow.fcs.reader import read_fcs
from carflow.fcs.writer import write_fcs
from carflow.gating.engine import gate
from carflow.gating.template import read_template

PROGRAM = """
import hashlib, sys
from carflow.fcs.reader import read_fcs
from carflow.gating.engine import gate
from carflow.gating.template import read_template
strategy = read_template(sys.argv[2])
gated = gate(read_fcs(sys.argv[1]), strategy)
bits = b"".join(gated.packed_masks[name].tobytes() for name in strategy.short_names())
print(hashlib.sha256(bits).hexdigest())
"""


@pytest.fixture(scope="module")
def inputs(
    tmp_path_factory: pytest.TempPathFactory,
    random_events: Callable[..., np.ndarray],
    template: str,
) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("deterministic")
    events = random_events(30_000).astype(np.float32)
    spill = "3,B1,V1,R1,1,0.12,0,0.03,1,0.2,0,0.05,1"
    write_fcs(
        folder / "tube.fcs",
        events,
        channels=("FSC-A", "SSC-A", "B1", "V1", "R1", "Time"),
        markers=("", "", "CD3", "CD4", "CAR", ""),
        keywords={"$SPILLOVER": spill, "$TIMESTEP": "1"},
    )
    (folder / "gates.toml").write_text(
        template.replace('type = "logicle", t = 262144, w = 0.5,', 'type = "asinh", t = 262144,'),
        encoding="utf-8",
    )
    return folder / "tube.fcs", folder / "gates.toml"


def masks_under(inputs: tuple[Path, Path], **settings: str) -> str:
    ran = subprocess.run(  # noqa: S603  # our own program, in our own interpreter
        [sys.executable, "-W", "ignore", "-c", PROGRAM, *map(str, inputs)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **settings},
    )
    return ran.stdout


def test_no_processor_changes_a_bit_of_a_mask(inputs: tuple[Path, Path]) -> None:
    usual = masks_under(inputs)
    kernels = ("Haswell", "Nehalem", "Zen", "SkylakeX")
    found = {kernel: masks_under(inputs, OPENBLAS_CORETYPE=kernel) for kernel in kernels}
    found["no AVX-512"] = masks_under(
        inputs, NPY_DISABLE_CPU_FEATURES="X86_V4 AVX512_ICL AVX512_SPR"
    )
    assert found == dict.fromkeys(found, usual)


@pytest.mark.parametrize("events", [8, 1000, 4096, 100_000])
def test_the_chunk_size_changes_no_bit_of_a_file(inputs: tuple[Path, Path], events: int) -> None:
    tube, strategy = read_fcs(inputs[0]), read_template(inputs[1])
    usual = gate(tube, strategy)
    other = gate(tube, strategy, chunk_events=events)
    assert dict(other.counts) == dict(usual.counts)
    for name in strategy.short_names():
        assert np.array_equal(other.mask(name), usual.mask(name)), name
