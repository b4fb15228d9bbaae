import errno

import pytest

from stages import errors
from stages.errors import StageError, exit_code_of


def _raising(error: Exception) -> None:
    raise error


def kinds() -> list[type[StageError]]:
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    return [kind for kind in classes if issubclass(kind, StageError) and kind is not StageError]


def test_each_kind_has_an_exit_code_of_its_own() -> None:
    codes = [kind.exit_code for kind in kinds()]
    assert len(codes) == len(set(codes)) >= 15
    taken = (0, StageError.exit_code, errors.INTERNAL_EXIT_CODE, errors.INTERRUPTED_EXIT_CODE)
    assert not set(codes) & set(taken)


@pytest.mark.parametrize("kind", kinds())
def test_a_failure_is_one_line_and_its_exit_code(
    kind: type[StageError], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of("train", lambda: _raising(kind("cause; remedy"))) == kind.exit_code
    assert capsys.readouterr().err == "train: error: cause; remedy\n"


@pytest.mark.parametrize("kind", kinds())
def test_a_kind_is_found_by_its_exit_code(kind: type[StageError]) -> None:
    error = errors.of_kind(kind.exit_code, "cause; remedy")
    assert (type(error), str(error)) == (kind, "cause; remedy")


def test_an_exit_code_that_is_no_kinds_is_still_an_error() -> None:
    assert errors.of_kind(99, "cause").exit_code == StageError.exit_code


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "No space", "/x"), errors.DiskFullError),
        (RuntimeError("wrapped: No space left on device"), errors.DiskFullError),
        (PermissionError(errno.EACCES, "denied", "/x"), errors.NotWritableError),
        (OSError(errno.EROFS, "read-only", "/x"), errors.NotWritableError),
        (OSError(errno.EIO, "I/O error", "/x"), errors.NotWritableError),
        (OSError(errno.EXDEV, "Invalid cross-device link", "/x"), errors.NotWritableError),
    ],
)
def test_what_the_system_says_is_translated(error: Exception, kind: type[StageError]) -> None:
    assert exit_code_of("train", lambda: _raising(error)) == kind.exit_code


def test_an_internal_error_keeps_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    code = exit_code_of("train", lambda: _raising(ZeroDivisionError("oops")))
    assert code == errors.INTERNAL_EXIT_CODE
    assert "ZeroDivisionError: oops" in capsys.readouterr().err


def test_success_is_zero() -> None:
    assert exit_code_of("train", lambda: None) == 0
