"""A folder of any depth is gone through, measured and removed; nothing outside it is."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.errors import InputCorruptError
from stages.files import trees
from stages.files.checksums import plain_files, require_whole
from stages.files.descent import ignore, visits, walk
from tests.commands import ROOT
from tests.unit.deep import LEVELS, make_deep, remove_deep


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "deep"
    remove_deep(tmp_path / "deep")


def test_each_folder_comes_before_those_in_it_and_ends_after_them(tmp_path: Path) -> None:
    for name in ("b/c", "a"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "b" / "link").symlink_to(tmp_path)
    seen = [(place.path.relative_to(tmp_path).as_posix(), done) for place, done in visits(tmp_path)]
    assert seen == [
        *((".", False), ("a", False), ("a", True)),
        *(("b", False), ("b/c", False), ("b/c", True), ("b", True), (".", True)),
    ]
    assert {name for place in walk(tmp_path) for name in place.files} == {"link"}


def test_what_is_taken_out_is_not_gone_into(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    seen = []
    for place in walk(tmp_path):
        seen.append(place.path)
        place.folders.clear()
    assert seen == [tmp_path]


def test_a_folder_that_is_moved_meanwhile_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "top" / "a").mkdir(parents=True)
    (tmp_path / "top" / "b").mkdir()
    (tmp_path / "other").mkdir()
    places = walk(tmp_path / "top")
    assert [next(places).path.name, next(places).path.name] == ["top", "a"]
    (tmp_path / "top" / "a").rename(tmp_path / "other" / "a")
    with pytest.raises(OSError, match="moved meanwhile"):
        next(places)


def test_what_is_not_there_is_left_to_the_caller(tmp_path: Path) -> None:
    assert list(walk(tmp_path / "none", ignore)) == []
    with pytest.raises(FileNotFoundError):
        list(walk(tmp_path / "none"))


@pytest.mark.parametrize("name", ["dddd", "d" * 200])
def test_no_depth_is_too_deep(deep: Path, name: str) -> None:
    make_deep(deep, file="leaf", name=name)
    assert sum(1 for _ in walk(deep)) == LEVELS + 1
    assert [path.endswith("d/leaf") for path in plain_files(deep)] == [True]
    assert trees.size(deep) == 0
    trees.require_unmounted(deep)
    trees.remove(deep)
    assert not deep.exists()


def test_few_open_files_are_enough(deep: Path) -> None:
    make_deep(deep, levels=500, file="leaf")
    code = (
        "import resource, sys; from pathlib import Path; from stages.files import trees;"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)); trees.remove(Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", code, str(deep)], cwd=ROOT, check=True)
    assert not deep.exists()


def test_what_is_closed_to_its_owner_is_removed_all_the_same(deep: Path) -> None:
    make_deep(deep)
    (deep / "dddd" / "dddd").chmod(0)
    trees.remove(deep)
    assert not deep.exists()


def test_a_link_deep_down_is_removed_and_not_followed(deep: Path, tmp_path: Path) -> None:
    make_deep(deep)
    (tmp_path / "thesis").write_text("years of work")
    (deep / "dddd" / "link").symlink_to(tmp_path)
    trees.remove(deep)
    assert (tmp_path / "thesis").read_text() == "years of work"


def test_a_file_that_no_path_reaches_is_refused_in_a_line_that_can_be_read(deep: Path) -> None:
    make_deep(deep, file="leaf")
    (deep / "SHA256SUMS").write_text(f"{'0' * 64}  a\n")
    with pytest.raises(InputCorruptError, match=r"\.\.\..*/leaf is deeper .*; remove it") as raised:
        require_whole(deep, [], "run it again")
    assert len(str(raised.value)) < 1000
