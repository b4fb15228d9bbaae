"""Rules of the layout that only hold while something checks them."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.setting.programs import PROGRAMS
from tests.commands import ROOT, Done, run


@pytest.mark.parametrize(
    "module",
    [
        *("tasks", "stages.settings", "stages.artifacts", "stages.train", "stages.runtimes"),
        *(
            "stages.common.worker.client",
            "stages.common.worker.__main__",
            "stages.profile.__main__",
        ),
        "stages.compare.effects",
    ],
)
def test_importing_it_imports_no_tensorflow(module: str) -> None:
    code = f"import sys, {module}; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


# It reads the docstring of the stage that calls it, and is imported by that.
READS_ITS_CALLER = "stages.command_line"


def module_of(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def patterns_of(source: str, package: str) -> Iterator[str]:
    """Give each string that may name a module, as an expression; a part unknown fits any name."""
    for node in ast.walk(ast.parse(source)):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        pattern = "".join(pattern_of(part, package) for part in parts)
        if pattern.startswith(("docker", "stages")):
            yield pattern


def pattern_of(part: ast.AST, package: str) -> str:
    if isinstance(part, ast.Constant):
        return re.escape(str(part.value))
    variable = part.value if isinstance(part, ast.FormattedValue) else None
    is_package = isinstance(variable, ast.Name) and variable.id == "__package__"
    return re.escape(package) if is_package else r"\w+"


def import_what_strings_name(tree: Path) -> int:
    """Make an import of each name of a module in a string of the stages; return how many."""
    paths = [path.relative_to(tree) for path in sorted(tree.rglob("*.py"))]
    modules = [name for name in map(module_of, paths) if "." in name]
    added = 0
    for path in paths:
        source, own = (tree / path).read_text(), module_of(path)
        if path.parts[0] != "stages" or own == READS_ITS_CALLER:
            continue  # What runs the stages must name them.
        pattern = re.compile("|".join(patterns_of(source, module_of(path.parent))))
        named = [module for module in modules if pattern.fullmatch(module) and module != own]
        (tree / path).write_text("\n".join([source, *(f"import {module}" for module in named)]))
        added += len(named)
    return added


def lint_imports(tree: Path) -> Done:
    return run(str(Path(sys.executable).with_name("lint-imports")), "--no-logo", cwd=tree)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("stages", "docker"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_a_module_named_in_a_string_counts_as_an_import(tree: Path) -> None:
    assert import_what_strings_name(tree) > 3
    done = lint_imports(tree)
    assert done.code == 0, done


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("stages/common/text.py", 'MODULE = "stages.peers.convert"'),
        ("stages/profile/plan.py", 'def module(name: str) -> str: return f"stages.compare.{name}"'),
        ("stages/artifacts.py", 'MODULE = "docker.images"'),
    ],
)
def test_a_string_can_not_hide_an_import_upwards(tree: Path, path: str, line: str) -> None:
    with (tree / path).open("a") as module:
        module.write(f"\n{line}\n")
    import_what_strings_name(tree)
    done = lint_imports(tree)
    assert done.code == 1, done
    assert "BROKEN" in done.output


UNITS = ROOT / "tests" / "unit"
# These are run in the images as well, which hold stages/ and are given tests/unit and tests/data.
RUN_IN_IMAGES = (*PROGRAMS, "common")


def imports_of(path: Path) -> set[str]:
    """Return the names of all modules that the lines of a file import."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return plain | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


def lacking_in_images(path: Path) -> list[str]:
    """Return what a file of tests imports of this project that no image of a program holds."""
    own = (name for name in imports_of(path) if name.split(".")[0] in ("docker", "tasks", "tests"))
    return sorted(name for name in own if not name.startswith("tests.unit"))


@pytest.mark.parametrize("name", [name for name in RUN_IN_IMAGES if (UNITS / name).is_dir()])
def test_unit_tests_of_a_program_import_nothing_that_its_image_lacks(name: str) -> None:
    lacking = {path: lacking_in_images(path) for path in (UNITS / name).rglob("*.py")}
    assert lacking
    assert not {str(path): names for path, names in lacking.items() if names}
