"""What is said of a file of this checkout that can't be written."""

import errno

import pytest

from docker.checkout import writing_checkout
from stages.errors import DiskFullError, NotWritableError, StageError, exit_code_of


@pytest.mark.parametrize(
    ("number", "kind", "reason"),
    [
        (errno.EACCES, NotWritableError, "/x can't be written by user "),
        (errno.EROFS, NotWritableError, "/x can't be written by user "),
        (errno.ENOSPC, DiskFullError, "no space left at /x; "),
    ],
)
def test_the_remedy_is_of_the_checkout_and_not_of_the_artifacts(
    number: int, kind: type[StageError], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def write() -> None:
        with writing_checkout("docs --write"):
            raise OSError(number, "refused", "/x")

    assert exit_code_of("docs", write) == kind.exit_code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"docs: error: {reason}")
    assert "`invoke docs --write`" in line
    assert "VGG19_ARTIFACTS" not in line


def test_other_failures_stay_what_they_are() -> None:
    for error in (FileNotFoundError(errno.ENOENT, "gone", "/x"), StageError("cause; remedy")):
        with pytest.raises(type(error)), writing_checkout("lock"):
            raise error
