import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stages import errors
from stages.errors import StageError, exit_code_of, report
from stages.files.checksums import sha256
from stages.program.naming import naming
from tests.commands import ROOT, run


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
        (MemoryError(), errors.HostError),
        (MemoryError("Unable to allocate 3.5 GiB for an array"), errors.HostError),
        (RuntimeError("OOM when allocating tensor with shape[8,64]"), errors.HostError),
        (RuntimeError("std::bad_alloc"), errors.HostError),
        (OSError(errno.ENOMEM, "Cannot allocate memory", "/x"), errors.HostError),
        (errors.ModelError("no SavedModel: OOM when allocating it"), errors.HostError),
        (errors.InputCorruptError("it says std::bad_alloc"), errors.InputCorruptError),
        (PermissionError(errno.EACCES, "denied", "/x"), errors.NotWritableError),
        (OSError(errno.EROFS, "read-only", "/x"), errors.NotWritableError),
        (OSError(errno.EIO, "I/O error", "/x"), errors.NotWritableError),
        (OSError(errno.EXDEV, "Invalid cross-device link", "/x"), errors.NotWritableError),
    ],
)
def test_what_the_system_says_is_translated(error: Exception, kind: type[StageError]) -> None:
    assert exit_code_of("train", lambda: _raising(error)) == kind.exit_code


def test_a_copy_that_finds_no_room_is_about_where_it_goes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = OSError(errno.ENOSPC, "No space", "/from/x", None, "/to/x")
    exit_code_of("bundle", lambda: _raising(error))
    assert "no space left at /to/x" in capsys.readouterr().err


# What the system may answer to any call about a file, rare as it may be.
CODES = sorted(errno.errorcode)
CONNECTIONS = (
    *(errno.ECONNABORTED, errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH),
    *(errno.ENETDOWN, errno.ENETRESET, errno.ENETUNREACH),
)
ELSEWHERE = (*CONNECTIONS, errno.ENOMEM)


@pytest.mark.parametrize("code", CODES, ids=errno.errorcode.get)
def test_whatever_the_system_answers_is_one_line_with_the_place(
    code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    error = OSError(code, os.strerror(code), "/folder/.cache/data")
    assert exit_code_of("train", lambda: _raising(error)) != errors.INTERNAL_EXIT_CODE
    line = capsys.readouterr().err
    assert line.startswith("train: error: ")
    assert line.count("\n") == 1
    assert "; " in line
    assert code in ELSEWHERE or "/folder/.cache/data" in line


@pytest.mark.parametrize("code", CODES, ids=errno.errorcode.get)
def test_so_is_what_it_answers_about_an_open_file(
    code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    error = OSError(code, os.strerror(code))
    assert exit_code_of("train", lambda: _raising(error)) != errors.INTERNAL_EXIT_CODE
    line = capsys.readouterr().err
    assert line.startswith("train: error: ")
    assert line.count("\n") == 1


def test_an_open_file_that_fails_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Stale") as raised, naming(tmp_path / "leaf"):
        raise OSError(errno.ESTALE, "Stale file handle")
    assert str(tmp_path / "leaf") in str(errors.from_os_error(raised.value))


def test_a_file_that_can_not_be_read_on_a_failing_disk_is_named_by_its_reader(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of("verify", lambda: print(sha256(Path("/proc/self/mem")))) == 7
    assert "/proc/self/mem can't be read or written (Input/output" in capsys.readouterr().err


def test_an_error_of_which_the_system_says_nothing_is_internal() -> None:
    code = exit_code_of("train", lambda: _raising(OSError("no number")))
    assert code == errors.INTERNAL_EXIT_CODE


def test_an_internal_error_keeps_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    code = exit_code_of("train", lambda: _raising(ZeroDivisionError("oops")))
    assert code == errors.INTERNAL_EXIT_CODE
    assert "ZeroDivisionError: oops" in capsys.readouterr().err


def test_success_is_zero() -> None:
    assert exit_code_of("train", lambda: None) == 0


ENDLESS = """
import sys
from stages.errors import exit_code_of
def run():
    while True:
        print("line", file=sys.{stream}, flush={flush})
sys.exit(exit_code_of("it", run))
"""


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("flush", [True, False])
def test_what_nobody_reads_any_more_ends_without_a_word(stream: str, flush: bool) -> None:
    code = ENDLESS.format(stream=stream, flush=flush)
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    with process:
        gone, other = process.stdout, process.stderr
        if stream == "stderr":
            gone, other = other, gone
        assert gone
        assert other
        gone.readline()
        gone.close()
        assert other.read() == b""
    assert process.returncode == 141


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_failure(closed: str, tmp_path: Path) -> None:
    code = (
        "import sys; from stages.errors import *; "
        "run = lambda: (print('out'), print('err', file=sys.stderr), sys.stdout.isatty(), "
        f"open('{tmp_path}/file', 'w').write(str(sys.stdin.read())))[0]; "
        "sys.exit(exit_code_of('it', run))"
    )
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -c "$1" {closed}', sys.executable, code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done
    assert b"Traceback" not in done.stderr
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.parametrize("module", ["docker.develop.words", "invoke"])
def test_files_are_read_in_any_locale(module: str) -> None:
    arguments = ["docs"] if module == "invoke" else []
    variables = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    assert (
        "Traceback" not in run(sys.executable, "-m", module, *arguments, variables=variables).output
    )


@pytest.mark.parametrize(
    "variables", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"PYTHONIOENCODING": "ascii"}]
)
def test_all_text_is_shown_whatever_the_locale(variables: dict[str, str]) -> None:
    code = (
        "import sys; from stages.errors import *; "
        r"sys.exit(exit_code_of('it', lambda: print('\xe9\u221a \udcff')))"
    )
    variables = {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", **variables}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **variables}, capture_output=True, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == "\xe9\u221a \\udcff\n"


@pytest.mark.parametrize(("watched", "printed"), [(True, "\ntrain: "), (False, "train: ")])
def test_on_a_terminal_an_interruption_is_said_below_the_progress(
    watched: bool,
    printed: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: watched)
    assert report("train", KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == f"{printed}interrupted; finished artifacts are whole\n"


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/mine/.train.1q2jrs1z.new", "/mine"),
        ("/mine/.train.1q2jrs1z.old/train.json", "/mine"),
        ("/mine/train/train.json", "/mine/train/train.json"),
        ("/home/me/.my.new/mine", "/home/me/.my.new/mine"),
    ],
)
def test_the_folder_and_the_user_are_named_and_no_temporary_name(
    path: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_123)
    said = str(errors.from_os_error(PermissionError(errno.EACCES, "denied", path)))
    assert said.startswith(f"{named} can't be read or written by user 4000123; change its owner")
