"""`python fake_product.py WAY TASK ...`: ends as the product must, but for one fault of its WAY."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

WAY, TASK = sys.argv[1:3]
ROOT = Path(os.environ["VGG19_ARTIFACTS"])
# Written by a run that is ended, and seen by the next one.
ENDED = Path(os.environ["TMPDIR"]).with_name("ended")
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def main() -> None:
    if WAY == "ends at once":
        return
    if ENDED.exists() or TASK == "verify":
        compare()
        return
    if WAY != "catches nothing":
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN if WAY == "goes on" else end)
    if WAY == "leaves a process":
        subprocess.Popen(SLEEP, start_new_session=True)
    if WAY == "holds a lock":
        hold_a_lock()
    ENDED.touch()
    print("ready", flush=True)
    time.sleep(60)


def end(number: int, _: FrameType | None) -> None:
    """Do one thing wrong, then end."""
    if WAY == "prints a traceback":
        print('Traceback (most recent call last):\n  File "x"\nKeyError: 1', flush=True)
    if WAY == "loses a file":
        (ROOT / "train" / "train.json").unlink()
    if WAY == "loses a folder":
        (ROOT / "train").rename(ROOT / "train.away")
    if WAY == "puts a folder aside":
        (ROOT / "train").rename(ROOT / ".train.old")
    if WAY == "mixes old and new":
        (ROOT / "train" / "train.json").write_text("{}")
    if WAY == "changes another stage":
        change(ROOT / "profile", "32.json")
    if WAY == "leaves a folder":
        (ROOT / ".train.new").mkdir()
    os._exit(128 + number)


def hold_a_lock() -> None:
    path = Path(os.environ["VGG19_LOCKS"], "vgg19-core-0.lock")
    path.write_text("fake since 2026")
    code = f"import fcntl, time; f = open({str(path)!r}); fcntl.flock(f, 2); print(1, flush=True)"
    command = [sys.executable, "-c", f"{code}; time.sleep(60)"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert child.stdout
    child.stdout.readline()


def compare() -> None:
    """Do what the next command does."""
    if WAY == "compares wrongly":
        change(ROOT / "compare", "compare.log")
    if WAY == "refuses without a word":
        sys.exit(3)
    if WAY == "refuses without a known code":
        print("compare: error: it is missing; run it first")
        sys.exit(99)
    if WAY in ("refuses", "reaches outside"):
        print("verify: error: it was damaged; get it again")
        if WAY == "reaches outside":
            ENDED.with_name("outside").touch()
        sys.exit(4)
    if WAY == "hangs":
        time.sleep(60)
    if WAY == "fails with a traceback":
        print('Traceback (most recent call last):\n  File "x"\nverify: error: KeyError')
        sys.exit(4)


def change(folder: Path, name: str) -> None:
    """Change a file, and the list of checksums with it."""
    old = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / name).write_text("another")
    new = hashlib.sha256(b"another").hexdigest()
    sums = folder / "SHA256SUMS"
    sums.write_text(sums.read_text().replace(old, new))


if __name__ == "__main__":
    main()
