from pathlib import Path

import pytest

from stages.common.source import APART, STAGES, source_sha256
from stages.setting.programs import PROGRAMS


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("settings.py", "common/text.py", "train/run.py", "profile/run.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"# {name}")
    return tmp_path


def digest(tree: Path, program: str = "profile") -> str:
    source_sha256.cache_clear()
    return source_sha256(program, tree)


@pytest.mark.parametrize(
    "name",
    [
        "settings.py",
        "common/text.py",
        "profile/run.py",
        "new.py",
        "profile/page.html",
        "profile/page.css",
    ],
)
def test_it_is_another_if_a_file_that_it_may_run_is_another(tree: Path, name: str) -> None:
    before = digest(tree)
    (tree / name).write_text("# another")
    assert digest(tree) != before


def test_a_name_counts_as_well(tree: Path) -> None:
    before = digest(tree)
    (tree / "profile" / "run.py").rename(tree / "profile" / "ran.py")
    assert digest(tree) != before


def test_other_programs_and_what_python_leaves_are_no_part_of_it(tree: Path) -> None:
    before = digest(tree)
    (tree / "train" / "run.py").write_text("# another")
    (tree / "common" / "__pycache__").mkdir()
    (tree / "common" / "__pycache__" / "text.cpython-311.pyc").write_bytes(b"compiled")
    (tree / "empty").mkdir()
    assert digest(tree) == before


def test_a_sweep_is_of_profiles_source_too_and_of_no_other_program(tree: Path) -> None:
    before = digest(tree, "sweep")
    (tree / "train" / "run.py").write_text("# another")
    assert digest(tree, "sweep") == before
    (tree / "profile" / "run.py").write_text("# another")
    assert digest(tree, "sweep") != before


def test_it_is_what_runs_though_a_file_changes_meanwhile(tree: Path) -> None:
    before = digest(tree)
    (tree / "settings.py").write_text("# another")
    assert source_sha256("profile", tree) == before


def test_every_program_has_a_source_of_its_own() -> None:
    assert all((STAGES / name / "__init__.py").is_file() for name in APART)
    assert len({source_sha256(name) for name in PROGRAMS}) == len(PROGRAMS)
