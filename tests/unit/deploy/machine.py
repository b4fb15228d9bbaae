"""A machine of a cloud on which deploy/cloud/run.sh runs: all but the shell's own are stand-ins."""

import hashlib
import os
import subprocess
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from docker.paths import CLOUD

SCRIPT = CLOUD / "run.sh"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
CLONE = f"SOURCE=https://example.org/vgg19.git\nCOMMIT={COMMIT}\n"
# It writes down what it was asked for, and ends with the code that a file of the task's name has.
BOOTSTRAP = """\
#!/bin/bash
echo "$*" >>"$CALLS"
task=$2
[[ ${3:-} != --dry-run ]] || task=plan
echo "$task at work"
if [[ $2 == bundle ]]; then echo packed >"$4"; fi
if [[ $task == pipeline ]]; then
  made=${VGG19_ARTIFACTS:-artifacts}/compare
  mkdir -p "$made" && echo "the table" >"$made/compare.log" && echo "the page" >"$made/report.html"
fi
[[ ! -e $CODES/wait-$task ]] || sleep 60
exit "$(cat "$CODES/$task" 2>/dev/null || echo 0)"
"""
STAND_INS = {
    "sudo": 'exec env "$@"',
    "poweroff": 'echo poweroff >>"$CALLS"',
    # A unit that is asked for is at rest when it is asked again.
    "systemctl": 'if [[ $1 == show ]]; then echo "$*" >>"$CODES/shown"; cat "$CODES/states"\n'
    'echo inactive >"$CODES/states"; exit; fi\n'
    'if [[ $1 == is-system-running ]]; then echo "${SYSTEM:-running}"; fi; exit 3',
    "apt-get": 'echo "apt-get $*" >>"$CALLS"',
    "curl": 'echo "$*" >"$CODES/curl-asked"\n'
    'n=$(cat "$CODES/offline"); echo $((n - 1)) >"$CODES/offline"\n'
    '[[ $n -le 0 ]] || { echo "curl: (6) Could not resolve host" >&2; exit 6; }\n'
    'while [[ $1 != -o ]]; do shift; done; cp "$CODES/export" "$2"',
    "git": 'if [[ $1 == clone ]]; then\n[[ ! -e $CODES/clone ]] || exit "$(cat "$CODES/clone")"\n'
    'mkdir "${@: -1}"; cp "$CODES/bootstrap.py" "${@: -1}/"; echo clone >>"$CALLS"\n'
    'else exit "$(cat "$CODES/checkout" 2>/dev/null || echo 0)"; fi',
}


@dataclass
class Machine:
    """A machine of a cloud, of which all programs but those of the shell are stand-ins."""

    folder: Path

    def __post_init__(self) -> None:
        for name in ("bin", "codes", "state"):
            (self.folder / name).mkdir()
        self.give("bootstrap.py", BOOTSTRAP).chmod(0o755)
        self.give("offline", "0")
        self.give("states", "inactive\n\nfailed\n")
        for name, text in STAND_INS.items():
            path = self.folder / "bin" / name
            path.write_text(f"#!/bin/bash\n{text}\n")
            path.chmod(0o755)

    def give(self, name: str, text: str) -> Path:
        path = self.folder / "codes" / name
        path.write_text(text)
        return path

    def export(self, text: str = BOOTSTRAP) -> str:
        """Put up an export for download; return its sha256."""
        path = self.give("bootstrap.py", text)
        path.chmod(0o755)
        archive = self.folder / "codes" / "export"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(path, "vgg19/bootstrap.py")
        return hashlib.sha256(archive.read_bytes()).hexdigest()

    def start(self, job: str = CLONE, *arguments: str, **more: str) -> "subprocess.Popen[str]":
        (self.folder / "job").write_text(job)
        variables = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "JOB_FILE": str(self.folder / "job"),
            "STATE_FOLDER": str(self.folder / "state"),
            "CALLS": str(self.folder / "calls"),
            "CODES": str(self.folder / "codes"),
            "TRIES": "3",
            "PAUSE_S": "0",
        }
        return subprocess.Popen(
            [SCRIPT, *arguments],
            env=variables | more,
            text=True,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def boot(self, job: str = CLONE, *arguments: str, **more: str) -> int:
        """Run the script as at a boot; return its exit code."""
        with self.start(job, *arguments, **more) as process:
            process.communicate()
        return process.returncode

    def status(self) -> list[str]:
        return (self.folder / "state" / "status").read_text().splitlines()

    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def when(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not is_so():
            assert time.monotonic() < deadline
            time.sleep(0.02)
