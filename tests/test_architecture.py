"""The building code: floors, doors, sizes. A new module must be given its floor here."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import carflow

PACKAGE = Path(carflow.__file__).parent

# Lowest first. A module imports only from lower floors, or from earlier rooms of its own folder
# where a folder is named; modules of one floor that are not in one folder do not know each other.
FLOORS: list[list[str]] = [
    ["errors", "units", "findings", "reasons", "compiled"],
    ["measure", "thresholds"],
    ["study", "fcs"],
    ["cleaning"],
    ["gating"],
    ["quantify"],
    ["kinetics", "qc"],
    ["result"],
    ["report"],
    ["gate_search"],
    ["gate_fit"],
    ["provenance", "simulate", "terminal", "visits"],
    ["applied_gates"],
    ["cuts", "population", "measured"],
    ["pipeline", "qc_files"],
    ["course", "course_variants", "faults"],
    ["gate_commands", "doctor"],
    ["cli"],
    ["__init__", "__main__"],
]
FLOOR_OF = {name: height for height, floor in enumerate(FLOORS) for name in floor}

# The rooms of each folder, in the order in which they may know each other.
ROOMS: dict[str, list[str]] = {
    "compiled": ["loading"],
    "study": [
        "model", "cells", "delimited", "workbook", "rows", "table", "groups", "folder",
        "treatments", "references", "consistency", "draw_times", "sheet", "readings",
        "flowjo_table", "value_table", "draft", "unsheeted",
    ],
    "fcs": [
        "codes", "header", "keywords", "channel_names", "text", "parameters", "settings",
        "panel", "labels", "layout", "segments", "source", "gaps", "block", "records",
        "side_threads", "decode", "data_segment", "sample", "plausibility", "clock",
        "event_time", "copies", "matrix_text", "spillover", "matrix_evidence", "volume",
        "acquisition", "description", "reader", "writer",
    ],
    "cleaning": [
        "events", "time_order", "rank_moments", "flow_rate", "usual_course", "evidence",
        "slow_change", "departures", "small_tubes", "stability", "time_record", "drawn", "kept",
        "watch", "residual_spillover",
    ],
    "gating": [
        "content", "biex", "scales", "estimates", "lock", "density", "label_light", "estimators",
        "bead_cluster", "matrices", "shapes", "near", "bounds", "raster", "regions", "tube",
        "compensation", "strategy", "sources", "dyes", "plan", "rows", "selection", "gated",
        "brightness", "cut_twins", "bins", "tallies", "tube_tally", "surely_tables",
        "surely", "sure_tally", "engine", "parents", "models", "template_errors",
        "drafts", "questions", "template", "overrides", "freezing", "event_values", "answers",
        "document", "gatingml_axes", "gatingml_gates", "gatingml_reader", "gatingml", "flowjo",
        "reading", "tree", "choice", "drawn_cells", "process_control",
    ],
    "quantify": [
        "quantity", "declarations", "intervals", "dilution", "counts", "gated", "limits", "blanks",
        "background", "staining", "percentages", "absolute", "gene_copies", "copies", "tube",
        "merging", "decision", "cut_shift",
    ],
    "kinetics": [
        "curve", "columns", "series", "spreads", "growth", "auc", "tobit", "slope", "turnbull",
        "peak_draws", "bent_cable", "peak", "peak_shape", "peak_model", "peak_passed",
        "population_model", "population_map", "population_start", "population_sampler",
        "population_fit", "cohort",
        "expansion", "persistence", "areas", "nca", "infinity", "parameters", "batch", "culture",
        "regression", "concordance", "lag", "treatments", "wording", "cut_sensitivity",
        "peak_wording", "population_wording", "cohort_wording", "subject",
        "cohort_summary", "told_peaks", "told_parameters", "methods",
    ],
    "qc": [
        "limits", "stated_limits", "register_of_tubes", "register", "origin", "summary",
        "telling", "usual", "tube_checks",
        "time_checks", "population_checks", "count_checks", "draw_checks", "batch_checks",
        "setting_checks", "percentage_checks", "brightness_checks", "origin_checks",
        "residual_checks", "replicate_checks",
        "control_checks", "study_checks", "course_checks", "carry_over_checks", "cut_checks",
        "gate_checks", "checks", "control_charts", "baselines", "waivers", "verdicts", "formats",
        "multiqc",
    ],
    "result": [
        "sample", "subject", "pictures", "rows", "run", "archive",
    ],
    "report": [
        "files", "style", "wording", "labels", "strip", "tables", "day_axis",
        "curves", "subject_tables", "cohort_table", "comparison_table", "workbook",
        "timecourse", "density", "expansion", "found_gates", "model_figure", "subjects", "dilution",
        "cut_band", "cohort_band", "posterior", "levey_jennings", "beside", "time_traces",
        "page", "outputs",
    ],
}  # fmt: skip

MATHEMATICS = (
    "gating.shapes", "gating.scales", "gating.density", "gating.label_light", "gating.estimators",
    "gating.bead_cluster", "quantify.", "kinetics.",
)  # fmt: skip
DOORS = (
    "compiled.loading", "fcs.", "study.", "gating.template", "gating.reading", "gating.gatingml",
    "report.",
    "pipeline", "simulate", "course", "course_variants", "faults", "qc_files",
    "gate_commands", "doctor", "cli", "__main__",
)  # fmt: skip
TOUCHES_DISK = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "unlink"}
ONLY_IN = {"matplotlib": "report.", "seaborn": "report.", "jinja2": "report."}
MAX_LINES, MAX_BODY = 420, 45


def modules() -> list[str]:
    paths = (path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py"))
    return sorted(".".join(path.parts) for path in paths)


def path_of(name: str) -> Path:
    return PACKAGE.joinpath(*name.split(".")).with_suffix(".py")


def tree_of(name: str) -> ast.Module:
    return ast.parse(path_of(name).read_text(encoding="utf-8"))


def imports_of(name: str) -> Iterator[str]:
    """Yield every imported module, those under TYPE_CHECKING and inside functions included."""
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: write carflow.x, not .x"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                inner = whole.removeprefix("carflow.").replace(".", "/")
                is_module = whole.startswith("carflow.") and (PACKAGE / f"{inner}.py").exists()
                yield whole if is_module else str(node.module)


def own_imports(name: str) -> set[str]:
    return {
        found.removeprefix("carflow.") for found in imports_of(name) if found.startswith("carflow.")
    }


INNER = [name for name in modules() if name != "__init__" and not name.endswith(".__init__")]


def test_every_module_has_a_floor_and_a_room() -> None:
    homeless = [
        name
        for name in INNER
        if name.split(".")[0] not in FLOOR_OF
        or ("." in name and name.split(".")[1] not in ROOMS.get(name.split(".")[0], []))
    ]
    gone = [
        f"{folder}.{room}"
        for folder, rooms in ROOMS.items()
        for room in rooms
        if f"{folder}.{room}" not in INNER
    ]

    assert homeless == []
    assert gone == []


@pytest.mark.parametrize("name", INNER)
def test_a_module_imports_from_lower_floors_and_earlier_rooms_only(name: str) -> None:
    folder, _, room = name.partition(".")
    for imported in own_imports(name):
        other = imported.split(".")[0]
        if other == folder and room:
            rooms = ROOMS[folder]
            here, there = rooms.index(room), rooms.index(imported.split(".")[1])
            assert there < here, f"{name} imports the later room {imported}"
        else:
            assert FLOOR_OF[other] < FLOOR_OF[folder], f"{name} imports {imported}"


@pytest.mark.parametrize("name", [n for n in modules() if n.endswith(".__init__")])
def test_folders_open_with_a_docstring_and_nothing_else(name: str) -> None:
    body = tree_of(name).body

    assert len(body) == 1
    assert ast.get_docstring(tree_of(name))


@pytest.mark.parametrize("name", [n for n in INNER if n.startswith(MATHEMATICS)])
def test_mathematics_opens_no_file_and_knows_no_frames(name: str) -> None:
    heavy = {"pandas", "matplotlib", "seaborn", "pathlib", "io", "os"}

    assert not {found.split(".")[0] for found in imports_of(name)} & heavy


@pytest.mark.parametrize("name", [n for n in INNER if not n.startswith(DOORS)])
def test_only_doors_touch_the_disk(name: str) -> None:
    called = {
        getattr(call.func, "attr", getattr(call.func, "id", ""))
        for call in ast.walk(tree_of(name))
        if isinstance(call, ast.Call)
    }

    assert not called & TOUCHES_DISK


@pytest.mark.parametrize("name", INNER)
def test_libraries_that_draw_stay_in_the_report(name: str) -> None:
    for library, folder in ONLY_IN.items():
        if not name.startswith(folder):
            assert library not in {found.split(".")[0] for found in imports_of(name)}


@pytest.mark.parametrize("name", INNER)
def test_modules_and_functions_stay_small(name: str) -> None:
    lines = path_of(name).read_text(encoding="utf-8").count("\n")
    functions = [
        node
        for node in ast.walk(tree_of(name))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    long = {node.name: size for node in functions if (size := body_lines(node)) > MAX_BODY}

    assert lines <= MAX_LINES
    assert long == {}


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not body:
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


@pytest.mark.parametrize("name", modules())
def test_every_public_name_has_a_docstring(name: str) -> None:
    tree = tree_of(name)
    public = [
        node
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
    ]

    assert ast.get_docstring(tree)
    assert [node.name for node in public if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("name", INNER)
def test_nothing_dangerous_is_called(name: str) -> None:
    tops = {found.split(".")[0] for found in imports_of(name)}
    bare_except = [
        node.lineno
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]

    assert not tops & {"pickle", "joblib", "shelve", "subprocess", "yaml"}
    assert bare_except == []


@pytest.mark.parametrize("command", [["-c", "import carflow"], ["-m", "carflow", "--help"]])
def test_start_loads_no_heavy_library(command: list[str]) -> None:
    program = (
        "import runpy, sys\n"
        f"arguments = {command!r}\n"
        "sys.argv = ['carflow', *arguments[2:]]\n"
        "try:\n"
        "    if arguments[0] == '-m':\n"
        "        runpy.run_module(arguments[1], run_name='__main__')\n"
        "    else:\n"
        "        exec(arguments[1])\n"
        "except SystemExit:\n"
        "    pass\n"
        "heavy = {'flowkit', 'pandas', 'matplotlib', 'numpy', 'scipy', 'seaborn', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    ran = subprocess.run(  # noqa: S603  # our own program, in our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stderr.strip() == "[]"


def test_public_names_are_documented_and_load() -> None:
    for name in carflow.__all__:
        found = getattr(carflow, name)
        assert found.__doc__, name
        assert name in dir(carflow)
