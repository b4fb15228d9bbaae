"""The hash by which what is kept of a module is known: of all that it has, and of nothing else."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stages.errors import ModelError
from stages.folder.cache import Cache
from stages.train.given_files import given_folder, module_sha256

NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def module(folder: Path, contents: Mapping[str | bytes, str]) -> Path:
    for name, content in contents.items():
        path = folder / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def digest_by(handle: str, cache: Path) -> str:
    return module_sha256(given_folder(handle, Cache(cache)), handle)


@pytest.mark.parametrize("form", ["{}", "{}/", "file://{}", "FILE://localhost{}", "file://{}?a=b"])
def test_modules_given_by_any_form_of_path_are_known_by_their_own_files(
    form: str, tmp_path: Path
) -> None:
    first = module(tmp_path / "one", {"saved_model.pb": "graph", "variables/v": "1"})
    second = module(tmp_path / "two", {"saved_model.pb": "graph", "variables/v": "2"})
    digests = [digest_by(form.format(folder), tmp_path) for folder in (first, second)]
    assert len({*digests, NOTHING}) == 3
    (first / "variables" / "v").write_text("2")
    assert digest_by(form.format(first), tmp_path) == digests[1]


@pytest.mark.parametrize("make", [lambda _: None, lambda path: (path / "variables").mkdir()])
def test_a_module_without_a_file_has_no_hash(make: Any, tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(ModelError, match=r"holds no saved_model\.pb"):
        digest_by(f"file://{tmp_path}", tmp_path)
    with pytest.raises(ModelError, match="the backbone mine is empty"):
        module_sha256(tmp_path, "mine")


def test_what_can_not_be_read_is_not_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = module(tmp_path / "one", {"saved_model.pb": "graph", "variables/v": "1"})
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if os.fspath(path).endswith("variables"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError):
        module_sha256(folder, "one")


def test_a_name_with_a_line_break_is_not_as_two_files(tmp_path: Path) -> None:
    two = module(tmp_path / "two", {"a": "1", "b": "2"})
    digest = "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35"  # of "2"
    one = module(tmp_path / "one", {f"a\n{digest}  b": "1"})
    assert module_sha256(one, "one") != module_sha256(two, "two")


def test_a_name_that_is_no_text_is_hashed(tmp_path: Path) -> None:
    names: tuple[bytes, bytes] = (b"assets/\xff", b"assets/\xfe")
    digests = {module_sha256(module(tmp_path / str(x), {x: "1"}), "m") for x in names}
    assert len(digests) == 2
