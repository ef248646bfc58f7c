"""The tables of the documentation are made from the code; `CARFLOW_UPDATE_DOCS=1` writes them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import carflow
from carflow.errors import ExitCode
from carflow.qc.checks import CHECKS
from carflow.quantify.declarations import DECLARATIONS
from carflow.reasons import Reason

DOCS = Path(carflow.__file__).parent / "docs"


def reasons() -> Iterator[str]:
    yield "# Reason codes"
    yield ""
    yield "Why a number is missing or limited: the column `reason` of every table."
    yield ""
    yield "| code | meaning |"
    yield "|---|---|"
    for reason in Reason:
        if reason:
            yield f"| `{reason}` | {reason.meaning} |"


def checks() -> Iterator[str]:
    yield "# Checks"
    yield ""
    yield "The column `code` of `findings.csv`; `carflow qc --explain CODE` prints one."
    for check in CHECKS:
        yield ""
        yield f"## {check.id}: {check.title}"
        yield ""
        yield f"{check.meaning} {check.remedy}"


def quantities() -> Iterator[str]:
    yield "# Quantities"
    yield ""
    yield "The column `quantity` of every table, in its order."
    yield ""
    yield "| name | what | unit | how |"
    yield "|---|---|---|---|"
    for one in DECLARATIONS.values():
        yield f"| `{one.name}` | {one.label} | {one.unit} | {one.description} |"


PAGES = {"reasons.md": reasons, "checks.md": checks, "quantities.md": quantities}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_documentation_is_what_the_code_says(name: str) -> None:
    made = "\n".join((*PAGES[name](), ""))
    path = DOCS / name
    if os.environ.get("CARFLOW_UPDATE_DOCS"):
        path.write_text(made, encoding="utf-8")

    assert path.read_text(encoding="utf-8") == made


def test_the_readme_tells_every_exit_code() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    told = " ".join(readme.split("Exit codes:")[1].split(".\n")[0].split())

    for code in ExitCode:
        assert f"{code.value} " in told, code
