import os
import subprocess
import sys
from pathlib import Path

import pytest

from stages.common.host.core_lock import holding
from stages.errors import CoresBusyError

ROOT = Path(__file__).parents[4]
HOLDER = """
import sys
from pathlib import Path
from stages.common.host.core_lock import holding

with holding([0, 1], "profile", Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_told_who_holds_a_core(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(CoresBusyError, match=r"core 1 is held by profile since 2\d{3}-.* UTC; "),
            holding([1, 2], "peers", tmp_path),
        ):
            pytest.fail("it was held twice")
        with holding([2], "peers", tmp_path):
            pass
        holder.kill()
    with holding([0, 1, 2], "peers", tmp_path):
        pass


def test_they_are_free_again_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), holding([0], "profile", tmp_path):
        raise ZeroDivisionError
    with holding([0], "profile", tmp_path):
        pass


def test_any_user_may_come_next(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with holding([3], "profile", tmp_path):
            pass
    finally:
        os.umask(before)
    (lock,) = tmp_path.iterdir()
    assert lock.stat().st_mode & 0o777 == 0o666
