"""Make runs of MLflow: `mlflow_runs.py < DOCUMENT`, whose JSON has the runs and their files.

It prints what came of it as JSON: a line for each run, or why it failed. A run is made once: it is
looked up by what `key` names, a tag that is set last, so that none that is cut off is taken for it.
"""

import json
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.utils.file_utils import local_file_uri_to_path
from requests import Response, Session
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import InvalidURL, RetryError, Timeout

# A server refuses more of them at once.
MAX_PARAMS, MAX_METRICS = 90, 900
# To which a server takes files itself. Elsewhere are storages that the client would write to.
OF_SERVER = ("mlflow-artifacts",)
DELETED = "deleted"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Seconds that a call gets when the time for all is over, or a signal came: what is not whole is
# still deleted.
LAST_S = 5.0
# Characters of an error, which may hold a whole answer.
MAX_TEXT = 1000


class TooLongError(BaseException):
    """A call has had its time. Whoever catches any Exception to try again does not catch this."""


class RedirectedError(BaseException):
    """A server leads elsewhere, where nothing is sent. Nobody tries again who catches Exception."""


class InTime:
    """MLflow's client, each of whose calls ends within its time, and all within theirs."""

    def __init__(self, client: MlflowClient, limits: dict[str, float]) -> None:
        self._client, self._call_s = client, limits["call_s"]
        self._end = time.monotonic() + limits["all_s"]

    def hurry(self) -> None:
        """Give each call from now on the time of a last one."""
        self._end = time.monotonic()

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._client, name)
        return partial(self._call, value) if callable(value) else value

    def _call(self, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
        left_s = self._end - time.monotonic()
        seconds = min(self._call_s, left_s) if left_s > 0 else LAST_S
        signal.signal(signal.SIGALRM, partial(_give_up, seconds))
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            return function(*given, **named)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


class Held:
    """Signals, kept while a call may not be cut off, which then has the time of a last one."""

    def __init__(self) -> None:
        self._came = 0
        self._before = {signum: signal.signal(signum, self._keep) for signum in SIGNALS}

    def _keep(self, signum: int, _: object) -> None:
        self._came = self._came or signum
        signal.setitimer(signal.ITIMER_REAL, LAST_S)

    def release(self) -> None:
        """Let signals do what they did before, also one that came meanwhile."""
        for signum, handler in self._before.items():
            signal.signal(signum, handler)
        if self._came:
            _end(self._came, None)


def main() -> None:
    """Make the runs that a document describes, and print what came of it."""
    for signum in SIGNALS:
        signal.signal(signum, _end)
    document = json.load(sys.stdin.buffer)
    _bound_memory(document["limits"]["memory_bytes"])
    Session.get_redirect_target = _refuse_redirect
    try:
        answer: dict[str, Any] = {"lines": [*publish(document)]}
    except (Exception, TooLongError, RedirectedError) as error:
        answer = {"failure": _failure(error)}
    print(json.dumps(answer))


def _end(signum: int, _: object) -> None:
    # What is not whole is still deleted: a terminal's signal is followed by that of who asked.
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + signum)


def _give_up(seconds: float, *_: object) -> None:
    raise TooLongError(f"none within {seconds:.0f} s")


def _refuse_redirect(_: Session, response: Response) -> None:
    """Stand in for what requests looks up after each answer: where to go on.

    Whoever followed would send the results, or a request without them, to whom nobody named.
    """
    if response.is_redirect:
        raise RedirectedError(urljoin(response.url, response.headers["location"]))


def _bound_memory(more: int) -> None:
    """Let this process take `more` bytes at most: an answer without end is read as a whole."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    bound = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (bound, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _failure(error: BaseException) -> dict[str, Any]:
    """Return an error as data: its words, the status of HTTP, and of which kind it is."""
    status = getattr(getattr(error, "response", None), "status_code", 0)
    behind = error.__context__ if isinstance(error, MlflowException) else error
    match error, behind:
        case TooLongError(), _:
            return {"text": str(error), "kind": "endless"}
        case RedirectedError(), _:
            return {"text": str(error)[:MAX_TEXT], "kind": "redirected"}
        case _, MemoryError():
            return {"text": "one too large for the memory", "kind": "endless"}
        case _, NoConnection() | InvalidURL() | Timeout():
            return {"text": type(behind).__name__, "kind": "unreached"}
        case _, RetryError():
            return {"text": str(behind.args[0].reason)}  # how often it gave which status
        case MlflowException(), _:
            return {"text": str(error)[:MAX_TEXT], "status": error.get_http_status_code()}
        case OSError(), _:
            return {"text": str(error)[:MAX_TEXT], "status": status}
    # Whatever reads an answer, or a file, that is none of MLflow's.
    return {"text": f"{type(error).__name__}: {error}"[:MAX_TEXT], "kind": "foreign"}


def publish(document: dict[str, Any]) -> Iterator[str]:
    """Make the runs that are not there yet; yield a line for each, and for files left out."""
    client, key = InTime(MlflowClient(), document["limits"]), document["key"]
    experiment = _experiment(client, document["experiment"])
    for run in document["runs"]:
        condition = f"tags.{key} = '{run['tags'][key]}'"
        if there := client.search_runs([experiment], condition, max_results=1):
            yield f"{run['name']} is there already, as run {there[0].info.run_id}"
        else:
            yield from _make(client, experiment, run, key)


def _experiment(client: InTime, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        return str(client.create_experiment(name))
    if found.lifecycle_stage == DELETED:
        raise MlflowException(f"experiment {name} was deleted: restore it, or name another")
    if urlsplit(client.tracking_uri).scheme == "file":
        _require_within(Path(local_file_uri_to_path(client.tracking_uri)).resolve(), found)
    return str(found.experiment_id)


def _require_within(root: Path, experiment: Any) -> None:
    """Raise MlflowException if an experiment, or where its runs have their files, is elsewhere."""
    own = (root / experiment.experiment_id).resolve()
    files = Path(local_file_uri_to_path(experiment.artifact_location)).resolve()
    for place, is_within in ((own, own.parent == root), (files, root in files.parents)):
        if not is_within:
            raise MlflowException(
                f"outside it, in {place}, is what belongs to experiment {experiment.name}, by a "
                "link or as in a copy of another folder"
            )


def _make(client: InTime, experiment: str, run: dict[str, Any], key: str) -> Iterator[str]:
    """Make a run; one that can't be made whole is deleted again."""
    tags = {name: value for name, value in run["tags"].items() if name != key}
    held, run_id = Held(), ""
    try:
        made = client.create_run(experiment, run["began_ms"], tags, run["name"])
        run_id = made.info.run_id
        held.release()
        _log(client, run_id, run)
        uploads = _takes_files(client, made.info.artifact_uri)
        for path in run["files"] if uploads else ():
            client.log_artifact(run_id, path)
        client.set_tag(run_id, key, run["tags"][key])
        client.set_terminated(run_id, end_time=run["began_ms"])
    except BaseException as error:
        if isinstance(error, SystemExit):
            client.hurry()
        last_calls = (client.set_terminated, run_id, "FAILED"), (client.delete_run, run_id)
        for call, *given in last_calls if run_id else ():
            with suppress(Exception, TooLongError, RedirectedError):
                call(*given)
        held.release()
        raise
    yield f"{run['name']} is run {run_id} now"
    if not uploads:
        yield f"note: no files are there of {run['name']}: the server has them in another storage"


def _log(client: InTime, run_id: str, run: dict[str, Any]) -> None:
    params = [Param(name, value) for name, value in run["params"].items()]
    metrics = [Metric(name, value, run["began_ms"], 0) for name, value in run["metrics"].items()]
    for start in range(0, len(params), MAX_PARAMS):
        client.log_batch(run_id, params=params[start : start + MAX_PARAMS])
    for start in range(0, len(metrics), MAX_METRICS):
        client.log_batch(run_id, metrics=metrics[start : start + MAX_METRICS])


def _takes_files(client: InTime, uri: str) -> bool:
    """Return whether files go to MLflow itself: through its server, or into its folder.

    A server may name another place: this machine's own folders, another host, which would get the
    password, or a storage for which more is needed.
    """
    parts = urlsplit(uri)
    if urlsplit(client.tracking_uri).scheme == "file":
        return parts.scheme in ("", "file")
    return parts.scheme in OF_SERVER and not parts.netloc


if __name__ == "__main__":
    main()
