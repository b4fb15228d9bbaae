"""What the script that makes runs of MLflow answers, and what is said of a failure."""

from typing import Literal

import msgspec

from docker.share.scripts import VENV
from docker.share.tracking import Tracking
from stages.errors import DownloadError, NotWritableError, StageError
from stages.program.printable import printable
from stages.setting import foreign_words

REFUSED = (401, 403)
# By kind of failure, what is said of a server.
OF_SERVER = {
    "other": "did not take it ({}); read its log, and run this again",
    "unreached": "can't be reached ({}); check address, proxies and network",
    "endless": "gives no whole answer ({}); read its log, and run this again",
    "redirected": "leads to {}, where nothing is sent; if you trust that server, give its address",
    "foreign": "answers as no MLflow server does ({}); check the address, and what is behind it",
}


class Failure(msgspec.Struct):
    """Why MLflow made no run: its words, a status of HTTP, 0 if none, and the kind of failure."""

    text: str
    status: int = 0
    kind: Literal["other", "unreached", "endless", "redirected", "foreign"] = "other"


class Answer(msgspec.Struct):
    """What came of the runs: a line for each, or a failure."""

    lines: list[str] = []
    failure: Failure | None = None


def lines_of(text: str, tracking: Tracking) -> list[str]:
    """Return the lines of an answer as they may be shown.

    What is in them may be a server's words. Raises DownloadError, or NotWritableError for a folder,
    if the answer is a failure, StageError if it is none.
    """
    try:
        answer = msgspec.json.decode(text, type=Answer)
    except msgspec.MsgspecError:
        raise StageError(
            f"MLflow's client gave no answer; remove {VENV}, and run this again"
        ) from None
    if answer.failure:
        raise _error(answer.failure, tracking)
    place = printable(tracking.place)
    lines = [foreign_words.shown(line, hidden=tracking.secrets) for line in answer.lines]
    return [f"{line} (MLflow at {place})" for line in lines]


def _error(failure: Failure, tracking: Tracking) -> StageError:
    """Return what to say of a failure: in few words of our own, and MLflow's if it knows more."""
    said = foreign_words.shown(failure.text, hidden=tracking.secrets)
    if tracking.folder:
        return NotWritableError(
            f"MLflow can't use {tracking.folder} ({said}); give another by --tracking-uri"
        )
    server = f"the MLflow server at {tracking.uri}"
    if failure.status in REFUSED:
        return DownloadError(
            f"{server} refuses this user ({failure.status}); set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
        )
    return DownloadError(f"{server} {OF_SERVER[failure.kind].format(said)}")
