"""docs/vgg19_spr.ipynb as a file; tests/pipeline/test_notebook.py runs it."""

import ast
import importlib
import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docker.paths import DOCS
from stages.artifacts import Artifacts
from stages.records.base import Interval
from stages.records.cell import Cell, Reason, Validity
from stages.records.profile import ProfileRecord, Repeat
from stages.records.quantize import QuantizeRecord, Variant
from stages.records.train import TrainRecord
from stages.samples import Samples
from stages.setting.programs import STAGES
from stages.settings import Settings
from tests.unit.records import measured, profile, repeat

PATH = DOCS / "vgg19_spr.ipynb"
NOTEBOOK: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
CELLS: list[dict[str, Any]] = NOTEBOOK["cells"]
# What its variables are.
VARIABLES = {
    "settings": Settings(),
    "artifacts": Artifacts(Path("artifacts")),
    "compared": Artifacts(Path("artifacts")).compare,
    "trained": TrainRecord,
    "quantized": QuantizeRecord,
    "variant": Variant,
    "profiled": ProfileRecord,
    "cell": Cell,
    "repeat": Repeat,
    "rate": Interval,
    "test": Samples,
    "one": Samples,
}


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]
TREE = ast.parse("\n".join(source(cell) for cell in CODE))


def imported() -> dict[str, Any]:
    """Return by its name there what is imported of this project and of the standard library."""
    found: dict[str, Any] = {}
    for node in ast.walk(TREE):
        if isinstance(node, ast.ImportFrom) and node.module not in ("IPython.display",):
            module = importlib.import_module(str(node.module))
            found |= {name.name: getattr(module, name.name) for name in node.names}
    return found


def nodes(kind: type[ast.AST]) -> Iterator[Any]:
    return (node for node in ast.walk(TREE) if isinstance(node, kind))


def test_it_has_the_form_that_jupyter_reads() -> None:
    assert (NOTEBOOK["nbformat"], NOTEBOOK["nbformat_minor"]) == (4, 5)
    assert NOTEBOOK.keys() == {"cells", "metadata", "nbformat", "nbformat_minor"}
    for cell in CELLS:
        own = {"outputs", "execution_count"} if cell in CODE else set()
        assert cell.keys() == {"cell_type", "id", "metadata", "source"} | own
        assert cell["cell_type"] in ("code", "markdown")
    again = json.dumps(NOTEBOOK, indent=1, ensure_ascii=False)
    assert PATH.read_text(encoding="utf-8") == f"{again}\n"


def test_each_cell_has_a_name_that_stays() -> None:
    names = [cell["id"] for cell in CELLS]
    assert len({*names}) == len(names)
    # Jupyter's own are 8 hexadecimal digits.
    assert all(re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)
    assert not [name for name in names if re.fullmatch("[0-9a-f]{8}", name)]


def test_it_holds_nothing_that_a_run_left() -> None:
    for cell in CODE:
        assert (cell["outputs"], cell["execution_count"]) == ([], None), cell["id"]
        assert cell["metadata"] == {}, cell["id"]
    assert NOTEBOOK["metadata"]["language_info"] == {"name": "python"}


def test_all_that_it_imports_of_this_project_is_there() -> None:
    assert {"Artifacts", "WorkerProcess", "load_samples"} <= imported().keys()


def test_all_that_it_calls_takes_what_it_is_given() -> None:
    there, called = imported(), 0
    for call in nodes(ast.Call):
        if isinstance(call.func, ast.Name) and call.func.id in there:
            given = {str(keyword.arg): None for keyword in call.keywords}
            inspect.signature(there[call.func.id]).bind(*[None] * len(call.args), **given)
            called += 1
    assert called > 10


def test_all_that_it_reads_of_records_and_folders_is_there() -> None:
    read = [
        (node.value.id, node.attr)
        for node in nodes(ast.Attribute)
        if isinstance(node.value, ast.Name) and node.value.id in VARIABLES
    ]
    assert {name for name, _ in read} == {*VARIABLES}
    for name, attribute in read:
        assert hasattr(VARIABLES[name], attribute), f"{name}.{attribute}"


def test_it_runs_the_stages_in_their_order() -> None:
    calls = [call for call in nodes(ast.Call) if ast.unparse(call.func) == "run"]
    assert tuple(ast.literal_eval(call.args[0]) for call in calls) == STAGES


def test_what_it_shows_of_a_profile_says_which_figures_are_in_doubt(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    reason = Reason(kind="spread", scenario="offline", numbers={"spread": 0.3})
    doubt = Validity(valid=False, reasons=[reason])
    cells = [measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 9.0, validity=doubt)]
    shown = _shown_of(profile(*cells), tmp_path, capsys)
    rates = ("FP32 at AVX2 5.0 images/s (5.0 to 5.0)", "INT8 at AVX2 9.0 images/s (9.0 to 9.0)")
    assert shown == f"{' '.join(rates)} INVALID"
    few = repeat(trusted=False, reasons=[Reason(kind="few_rounds", numbers={"rounds": 1.0})])
    shown = _shown_of(replace(profile(cells[0]), repeat=few), tmp_path, capsys)
    assert shown.startswith("FP32 at AVX2 5.0 images/s (one round: no interval) THIS RUN IS NOT")
    few = repeat(trusted=False, reasons=[Reason(kind="few_rounds", numbers={"rounds": 3.0})])
    shown = _shown_of(replace(profile(cells[0]), repeat=few), tmp_path, capsys)
    assert "5.0 images/s (5.0 to 5.0: 3 rounds are too few for an interval) THIS RUN" in shown
    assert shown.endswith("TRUSTED: 3 rounds are too few to estimate noise; add rounds with --more")


def _shown_of(record: ProfileRecord, root: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what its cell on the profile prints of a record, in one line."""
    (code,) = (source(cell) for cell in CODE if source(cell).startswith("profiled = "))
    names = {**imported(), "read_record": lambda *_: record}
    exec(code, {**names, "artifacts": Artifacts(root), "settings": Settings()})
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell["id"])
def test_it_names_no_path_of_a_machine(cell: dict[str, Any]) -> None:
    assert not re.search(r"(^|[\s\"'(`=])[/~][a-z]", source(cell))
