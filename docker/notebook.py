"""`invoke notebook`: Jupyter in a container of its own, for a browser of this machine alone."""

import os
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path

from invoke.context import Context
from invoke.tasks import task

from docker import how
from docker.build.graph import NOTEBOOK, Stage, read_extra
from docker.build.requirements import NOTEBOOK_RUNTIME
from docker.ending import end_with
from docker.host import user
from docker.host.loopback_port import LOOPBACK, Listener, answers, passing_on
from docker.host.own_files import OWN
from docker.local_runner import Runner
from docker.options import flags_given
from docker.runners import prepare_docker
from docker.running import chosen_settings
from stages.command_line import help_text, load
from stages.errors import SettingsError, StageError, exit_code_of
from stages.folder.full_disk import temporary_directory
from stages.setting.suggestion import quoted
from stages.settings import Settings, env_name

PORT = "8888"
# Ports below are root's.
MIN_PORT, MAX_PORT = 1024, 65535
NAME, SOCKET = "vgg19_spr.ipynb", "jupyter.sock"
# compose.yaml's variables for the folder with the socket, and for what a browser must know.
FOLDER, TOKEN = "NOTEBOOK_FOLDER", "NOTEBOOK_TOKEN"
# Seconds between two looks whether Jupyter listens.
LOOK_S = 0.2


@task(
    help={
        "port": f"port of this machine that Jupyter is reached by (default: {PORT})",
        "artifacts": help_text("artifacts"),
        "verbose": how.HELP["verbose"],
    },
    auto_shortflags=False,
)
def notebook(_: Context, port: str = PORT, artifacts: str = "", verbose: bool = False) -> None:
    """Start Jupyter with the whole story in a notebook, over the same artifacts; Ctrl-C ends it."""

    def run() -> None:
        number = port_of(port)
        settings = chosen_settings(flags_given(artifacts=artifacts))
        _require_runtime(load(settings))
        for own in OWN:
            own.require_usable(settings.get(own.variable, ""))
        stage = read_extra(NOTEBOOK, settings)
        with temporary_directory(f"{NOTEBOOK}-") as name:
            # On this machine; an engine may show another number within the container.
            jupyter = Listener(Path(name, SOCKET), user.invoking_user().uid)
            # A port that is taken is to be known before images are built for minutes.
            with passing_on(number, jupyter):
                start = prepare_docker([stage], load(settings).artifacts, NOTEBOOK, verbose)
                _serve(stage, start, settings, jupyter, number)

    end_with(exit_code_of(NOTEBOOK, run))


def port_of(text: str) -> int:
    """Return the port that a text names; SettingsError if it is none that a user may take."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_PORT))
    if not is_number or not MIN_PORT <= int(text) <= MAX_PORT:
        allowed = f"a whole number from {MIN_PORT} to {MAX_PORT}"
        raise SettingsError(f"port can't be {quoted(text)}; give {allowed}")
    return int(text)


def _require_runtime(settings: Settings) -> None:
    if settings.runtime != NOTEBOOK_RUNTIME:
        raise SettingsError(
            f"the notebook's image has the runtime {NOTEBOOK_RUNTIME} alone; leave "
            f"{env_name('runtime')} out, or use `invoke pipeline`"
        )


def _serve(
    stage: Stage, start: Runner, settings: Mapping[str, str], jupyter: Listener, port: int
) -> None:
    """Run Jupyter until it ends, or is ended by Ctrl-C; StageError if it fails."""
    token, ended, folder = secrets.token_hex(24), threading.Event(), jupyter.path.parent
    _give_to_stages(folder)
    saying = threading.Thread(target=_say, args=(jupyter, _url(port, token), ended))
    saying.start()
    try:
        outcome = start(stage, {**settings, FOLDER: str(folder), TOKEN: token})
    except KeyboardInterrupt:
        print(f"\n{NOTEBOOK}: ended, and its container is removed", flush=True)
        return
    finally:
        ended.set()
        saying.join()
    if outcome.exit_code:
        reason = outcome.reason or f"ended with code {outcome.exit_code}; the lines above say why"
        raise StageError(f"Jupyter {reason}")


def _give_to_stages(folder: Path) -> None:
    """Let those alone enter a folder as whom the container runs."""
    if os.getuid() == 0:
        owner = user.invoking_user()
        os.chown(folder, owner.uid, owner.gid)


def _url(port: int, token: str) -> str:
    return f"http://{LOOPBACK}:{port}/lab/tree/{NAME}?token={token}"


def _say(jupyter: Listener, url: str, ended: threading.Event) -> None:
    """Say where Jupyter is, once it listens."""
    while not ended.wait(LOOK_S):
        if answers(jupyter):
            print(
                f"{NOTEBOOK}: open {url}\n{NOTEBOOK}: this is a copy, which is gone when Ctrl-C "
                "ends it: download what you change (File, Download)",
                flush=True,
            )
            return
