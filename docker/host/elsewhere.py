"""An engine on another machine, which Docker's client reaches by ssh: `--host ssh://USER@HOST`.

Standard library only, as all that prepares this machine.
"""

import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from docker.host.client import NOT_FOUND, TIMED_OUT, TIMEOUT_S, Answer, ask
from docker.host.engine import GROUP
from stages.errors import EngineError, SettingsError
from stages.setting import foreign_words
from stages.setting.suggestion import quoted

HOST = "host"
HELP = "ssh://USER@HOST: run on that machine's engine, and fetch the results (default: this one)"
ADDRESS = re.compile(
    r"ssh://(?:\w[\w.-]*@)?(?:\w[\w.-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", re.ASCII
)
CHOSEN = "DOCKER_HOST"
# What else would choose an engine, or have the client encrypt what ssh does.
OTHERS = ("DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")
# ssh must not ask for anything: it would for each of the client's commands, and most have no
# terminal.
SILENT = {"SSH_ASKPASS": "false", "SSH_ASKPASS_REQUIRE": "force"}
# Seconds between two looks whether the engine answers: each takes it some time from what is
# measured there. So many in a row must fail.
LOOK_S, LOOKS = 300.0, 3
# What ssh, the client or the engine says, in lower case, with the cause and the remedy. The first
# that is found counts.
CAUSES = (
    ("host key verification failed", "its key is not known here, or is another than before; {try}"),
    ("permission denied (", "it does not take this user's keys, which ssh may not ask for; {try}"),
    ('"ssh": executable file not found', "ssh is missing here; install the package openssh-client"),
    ("docker: command not found", "{none}"),
    ("docker: not found", "{none}"),
    ("exit status 127", "{none}"),
    ("permission denied", "that user may not use the engine there; add it to the group {group}"),
    ("cannot connect to the docker daemon", "the engine does not run there; start it there"),
)
NO_DOCKER = "ssh finds no docker there; install Docker's engine there (`./bootstrap.py` does)"


def checked(text: str) -> str:
    """Return the address of a host as the client takes it, empty if `text` is.

    Raises SettingsError for any other text, and for a password, which other users would see.
    """
    address = text.strip().removesuffix("/")
    if address and not (ADDRESS.fullmatch(address) and _has_usable_port(address)):
        raise SettingsError(
            f"{HOST} can't be {quoted(text)}; give ssh://USER@HOST or ssh://USER@HOST:PORT, "
            "with a port up to 65535, without a path and without a password, as ssh takes a key"
        )
    return address


def _has_usable_port(address: str) -> bool:
    with suppress(ValueError):  # urlsplit's, for one above 65535
        return urlsplit(address).port != 0
    return False


@contextmanager
def engine_at(host: str) -> Iterator[None]:
    """Have the client ask the engine of a host in the meantime; the usual one if that is empty."""
    if not host:
        yield
        return
    chosen = {CHOSEN: host, **SILENT}
    before = {name: os.environ.pop(name, None) for name in (*chosen, *OTHERS)}
    os.environ.update(chosen)
    try:
        yield
    finally:
        for name, text in before.items():
            if text is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = text


@contextmanager
def asking(host: str) -> Iterator[None]:
    """Do as `engine_at` for the address that a flag gives, if that engine answers.

    Raises SettingsError for an address that can't be, EngineError if there is no answer.
    """
    with engine_at(checked(host)):
        if host:
            require_reached()
        yield


@contextmanager
def watched(end: Callable[[], None]) -> Iterator[None]:
    """Have `end` called if the engine that is reached by ssh answers no more in the meantime.

    By itself, ssh waits for hours for a machine that has vanished.
    """
    over = threading.Event()
    if by_ssh():
        threading.Thread(target=_watch, args=(over, end), daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _watch(over: threading.Event, end: Callable[[], None]) -> None:
    while not over.wait(LOOK_S):
        if not any(ask("version", start_new_session=True).ok for _ in range(LOOKS)):
            if not over.is_set():
                end()
            return


def client_words() -> str:
    """Return the client's name as a person gives it to reach the engine that is asked now."""
    return f"docker --host {by_ssh()}" if by_ssh() else "docker"


def by_ssh() -> str:
    """Return the address of the engine that is asked now, empty if it is not reached by ssh."""
    host = os.environ.get(CHOSEN, "")
    return host if ADDRESS.fullmatch(host) else ""


def require_reached() -> None:
    """Raise EngineError, with the remedy, if the engine that is reached by ssh does not answer."""
    answer = ask("version", "--format={{json .Server}}")
    if not answer.ok:
        raise EngineError(f"no engine answers at {by_ssh()}: {_why(answer)}")


def _why(answer: Answer) -> str:
    if answer.code == NOT_FOUND:
        return "Docker's client is missing here; `./bootstrap.py --yes build` installs it"
    if answer.code == TIMED_OUT:
        return f"it is silent for {TIMEOUT_S:g} s; see if it runs, and if `{_trial()}` ends at once"
    said = answer.errors.lower()
    for words, cause in CAUSES:
        if words in said:
            ways = {"try": f"`{_trial()}` must end without a question", "none": NO_DOCKER}
            return cause.format(group=GROUP, **ways)
    return f"{_reason(answer.errors)}; `{_trial()}` must show an engine"


def _reason(errors: str) -> str:
    """Return what ssh says, which the client quotes at its end, or else the client's last line."""
    return foreign_words.last_line(errors.rpartition("stderr=")[2])


def _trial() -> str:
    """Return the command by which a person sees whether the host can be used."""
    return f"ssh {by_ssh()} docker version"
