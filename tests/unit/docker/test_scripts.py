"""What `.venv-publish` runs, with this Python in its place, which needs no packages for that."""

import sys
from pathlib import Path

import pytest

from docker.share import scripts
from docker.share.scripts import run_script
from stages.errors import SettingsError, StageError
from tests.unit.processes import orphan_ends

PUBLISHES = """
import sys
from pathlib import Path
from docker.share import scripts

scripts.python_of_publish = lambda: Path(sys.executable)
scripts.SCRIPTS = Path(sys.argv[1])
scripts.run_script("waits", {}, {})
"""


@pytest.fixture(autouse=True)
def _by_this_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(scripts, "python_of_publish", lambda: Path(sys.executable))
    monkeypatch.setattr(scripts, "SCRIPTS", tmp_path)


def test_a_script_ends_with_publish_that_is_killed(tmp_path: Path) -> None:
    # Its own output is publish's to read: it says its number where that prints.
    (tmp_path / "waits.py").write_text(
        "import os, time; out = open(f'/proc/{os.getppid()}/fd/1', 'w'); "
        "print(os.getpid(), file=out, flush=True); time.sleep(60)"
    )
    assert orphan_ends(PUBLISHES, str(tmp_path))


def test_a_script_gets_its_document_without_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "temporary"
    made.mkdir()
    monkeypatch.setenv("TMPDIR", str(made))
    (tmp_path / "looks.py").write_text(
        f"import os, sys; print(os.listdir({str(made)!r}), sys.stdin.read())"
    )
    assert run_script("looks", {"a": "\u00e9"}, {}) == '[] {"a":"\u00e9"}'


def test_a_script_that_does_not_end_is_ended(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text("import time; time.sleep(60)")
    with pytest.raises(StageError, match=r"had not ended after 0\.5 s; run this again"):
        run_script("waits", {}, {}, 0.5)


def test_a_script_that_is_to_end_may_remove_what_is_not_whole(tmp_path: Path) -> None:
    harm = tmp_path / "half"
    (tmp_path / "cleans.py").write_text(
        "import signal, sys, time; from pathlib import Path\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))\n"
        f"half = Path({str(harm)!r}); half.touch()\n"
        "try: time.sleep(60)\n"
        "finally: half.unlink()\n"
    )
    with pytest.raises(StageError, match="had not ended"):
        run_script("cleans", {}, {}, 1.0)
    assert not harm.exists()


def test_a_script_that_does_not_heed_that_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripts, "GRACE_S", 0.2)
    (tmp_path / "stays.py").write_text(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    )
    with pytest.raises(StageError, match="had not ended"):
        run_script("stays", {}, {}, 0.5)


def test_a_name_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.py").write_text("")
    with pytest.raises(SettingsError, match=r"p\\udcff\.parquet is no name in UTF-8"):
        run_script("none", {"output": "p\udcff.parquet"}, {})
