"""How long it takes from nothing where `beans` and a hub's module are downloaded first.

`python -m tests.benchmarks.replicas FOLDER`, with the Python of `invoke`: makes what the hubs would
serve, which takes the Python of train, as `invoke train --runner local` makes it; serves that on
loopback; and runs `invoke pipeline --runner local --data beans` with a module from there. Then the
server is gone: the same again, and train once more from what was downloaded. For as long as
it runs, tensorflow-datasets' list of beans' files is that of the replicas: the real checksums fit
no other files; after `kill -9` it stays so until this runs again. What the tasks print is in
FOLDER/pipeline.log; a line for each shows the seconds.
"""

import argparse
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from docker.local_runner import VENVS
from docker.paths import ROOT
from stages.settings import env_name
from tests.benchmarks.replica_names import CHECKSUMS, MODULE, checksums_in

VENV = VENVS["itex"][0]
HANDLE = "/module/1"


class _Hub(SimpleHTTPRequestHandler):
    """Serves the files of a folder, and the module by its handle."""

    def translate_path(self, path: str) -> str:
        """Return the file that an address names."""
        is_module = urlsplit(path).path == HANDLE
        return super().translate_path(f"/{MODULE}" if is_module else path)

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


def main() -> None:
    """Make the replicas, and run the pipeline on them."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.replicas")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.absolute()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left as it is now
    files = folder / "files"
    if not files.exists():
        _make(files)
    log = folder / "pipeline.log"
    with _listed(files / CHECKSUMS):
        with _served(files) as address:
            hub = ("--backbone", address + HANDLE, "--download-mirror", address)
            given = ("--data", "beans", *hub, "--runner", "local")
            _run("pipeline, from nothing", folder, log, "pipeline", *given)
        _run("pipeline, nothing changed, no hub", folder, log, "pipeline", *given)
        _run("train again, no hub", folder, log, "train", "--force", "train", *given)


def _make(files: Path) -> None:
    unfinished = files.with_suffix(".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    python = VENV / "bin" / "python"
    if not python.exists():
        sys.exit(f"{python} is missing; run `invoke train --runner local` first")
    maker = [str(python), "-m", "tests.benchmarks.replica_files", str(unfinished)]
    subprocess.run(maker, cwd=ROOT, check=True)
    unfinished.rename(files)


def _run(what: str, folder: Path, log: Path, *arguments: str) -> None:
    environ = {**os.environ, env_name("artifacts"): str(folder / "artifacts")}
    began = time.monotonic()
    with log.open("a") as file:
        argv = [sys.executable, "-m", "invoke", *arguments]
        done = subprocess.run(argv, cwd=ROOT, env=environ, stdout=file, stderr=subprocess.STDOUT)
    print(f"{what}: code {done.returncode} in {time.monotonic() - began:.1f} s", flush=True)


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback as long as the context lasts; yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Hub, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def _listed(checksums: Path) -> Iterator[None]:
    """Have tensorflow-datasets take the replicas for beans' files as long as the context lasts."""
    (real,) = checksums_in(VENV)
    kept, new = real.with_suffix(".kept"), real.with_suffix(".new")
    with real.parent.joinpath("listed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not kept.exists():  # else a run before this was killed
            shutil.copy(real, new)
            new.replace(kept)
        try:
            shutil.copy(checksums, new)
            new.replace(real)
            yield
        finally:
            kept.replace(real)


if __name__ == "__main__":
    main()
