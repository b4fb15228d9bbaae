"""The lint of words."""

from pathlib import Path

import pytest

from docker.develop import words
from docker.paths import ROOT

LISTED = """\
# What to write, and one file that stays as it is.
\\bgizmo\\b => tool
(^|[.] )Said [a-z] => another order of words
except stages/kept.py
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    texts = {
        "README.md": "A gizmo for all.\nIt has two parts. Said otherwise, it is no whole.\n",
        "stages/plan.py": "# Gizmology is no such word.\n",
        "stages/kept.py": "# gizmo, gizmo.\n",
        "artifacts/compare.log": "gizmo\n",
    }
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_a_listed_word_is_shown_with_its_place_and_what_to_write(tree: Path) -> None:
    assert list(words.find(tree, LISTED)) == [
        'README.md:1: "gizmo"; write tool',
        'README.md:2: ". Said o"; write another order of words',
    ]


def test_each_line_of_the_list_says_what_to_write_or_names_a_file_that_is_there() -> None:
    for line in words.LIST.read_text().replace("# later: ", "").splitlines():
        if line.startswith(words.EXCEPT):
            assert (ROOT / line.removeprefix(words.EXCEPT)).is_file()
        elif line and not line.startswith("#"):
            assert line.count(" => ") == 1
