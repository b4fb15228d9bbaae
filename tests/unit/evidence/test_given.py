import errno
import os
from pathlib import Path

import pytest

from docker.share.machines import Given, require_there
from stages.errors import InputMissingError
from stages.evidence.given import not_there
from stages.evidence.opening import opened


def refused(path: Path) -> str:
    """Return why a path is refused, in the same words as a bundle and as a machine of a diff."""
    with pytest.raises(InputMissingError) as as_machine:
        require_there([Given("", path)])
    with pytest.raises(InputMissingError) as as_bundle:
        opened(path)
    assert str(as_machine.value) == str(as_bundle.value)
    return str(as_machine.value)


@pytest.mark.parametrize(
    ("asked", "there", "hint"),
    [
        ("artifact", "artifacts", " (did you mean artifacts?)"),
        ("vgg19-bundel.tar", "vgg19-bundle.tar", " (did you mean vgg19-bundle.tar?)"),
        ("spr.tar", "pictures", ""),
        ("hidde", ".hidden", ""),
        ("bundle.ta", "bundle.tar\n\x1b[31m", " (did you mean bundle.tar\\n\\x1b[31m?)"),
        ("none/artifacts", "artifacts", ""),
    ],
)
def test_what_is_missing_is_said_with_the_name_that_is_most_like_it(
    asked: str, there: str, hint: str, tmp_path: Path
) -> None:
    (tmp_path / there).mkdir()
    wanted = f"{tmp_path / asked} is missing{hint}; make one by `invoke bundle`"
    assert refused(tmp_path / asked) == wanted


def test_a_name_that_is_too_long_and_a_file_in_the_way_are_missing_too(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / ("a" * 300), tmp_path / "file" / "artifacts"):
        assert "is missing; make one by" in refused(path)


def test_what_can_not_be_reached_is_not_said_to_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "m"
    error = PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    wanted = f"{path} can't be read (Permission denied); make it readable"
    assert str(not_there(path, error)) == wanted


def test_links_in_a_circle_are_said_to_be_that(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(InputMissingError, match="Too many levels of symbolic links"):
        opened(tmp_path / "a")
