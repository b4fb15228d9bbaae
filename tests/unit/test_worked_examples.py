"""CONTRIBUTING's examples, carried out on a copy of the tree."""

import re
from pathlib import Path

import pytest

from tests.commands import ROOT, copy_tree, run_in

TEXT = (ROOT / "CONTRIBUTING.md").read_text()
STEP = re.compile(
    r"^In `(?P<path>[\w./]+)`(?:(?!:\n\n).)*?(?:\bin\s`(?P<table>[A-Z]+)`)?:\n\n"
    r"```\w*\n(?P<block>.*?)^```",
    re.MULTILINE | re.DOTALL,
)


def section(title: str) -> str:
    return TEXT.split(f"### ... {title}\n")[1].split("\n### ")[0]


def carry_out(title: str, tree: Path) -> list[str]:
    """Do what a section says; return the paths of the files that it changed."""
    changed = []
    for step in STEP.finditer(section(title)):
        path, table, block = tree / step["path"], step["table"], step["block"]
        old = path.read_text() if path.is_file() else ""
        path.write_text(with_row(old, table, block) if table else old + block)
        changed.append(step["path"])
    return changed


def with_row(text: str, table: str, row: str) -> str:
    """Return a module with a row at the end of a table, in place of one with the same key."""
    head, opening, rest = re.split(rf"(^{table} = [({{]\n)", text, maxsplit=1, flags=re.MULTILINE)
    body, closing, tail = re.split(r"(^[)}]\n)", rest, maxsplit=1, flags=re.MULTILINE)
    key = row.partition(":")[0]
    kept = [line for line in body.splitlines(keepends=True) if not line.startswith(f"{key}:")]
    return "".join([head, opening, *kept, row, closing, tail])


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return copy_tree(tmp_path)


@pytest.mark.parametrize(("title", "limit"), [("a precision", 4), ("a runtime", 3)])
def test_an_example_touches_as_few_files_as_it_promises(title: str, limit: int, tree: Path) -> None:
    changed = carry_out(title, tree)
    assert 0 < len(changed) <= limit


@pytest.mark.parametrize("title", ["a precision", "a runtime"])
def test_an_example_works_on_a_copy_of_the_tree(title: str, tree: Path) -> None:
    carry_out(title, tree)
    program = f"tests.unit.worked_examples.{title.split()[1]}"
    done = run_in(tree, "-m", program)
    assert done.code == 0, done
    assert done.output.splitlines()[-1] == "all as it should be", done


@pytest.mark.parametrize(
    ("title", "units"),
    [
        ("a precision", ("profile", "quantize", "peers", "compare", "test_tables.py")),
        ("a runtime", ("peers", "compare", "docker/test_graph.py", "test_tables.py")),
    ],
)
def test_the_unit_tests_pass_with_what_an_example_added(
    title: str, units: tuple[str, ...], tree: Path
) -> None:
    carry_out(title, tree)
    paths = [f"tests/unit/{unit}" for unit in units]
    done = run_in(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths)
    assert done.code == 0, done
    done = run_in(tree, "-m", "ruff", "check", "stages")
    assert done.code == 0, done
