import os
import sys
from pathlib import Path

import pytest

from stages.common.host.versions import versions, versions_in_each

ROOT = Path(__file__).parents[4]


def test_another_interpreter_says_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{os.environ.get('PYTHONPATH', '')}")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    pythons = {"itex": str(python), "stock": sys.executable}
    assert versions_in_each(pythons) == {"itex": versions(), "stock": versions()}


@pytest.mark.parametrize("answer", ["exit 1", "echo no JSON", "echo [1]"])
def test_one_that_gives_no_answer_has_no_versions(tmp_path: Path, answer: str) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{answer}\n")
    python.chmod(0o755)
    for path in (python, tmp_path / "none"):
        assert versions_in_each({"itex": str(path)}) == {"itex": {}}
