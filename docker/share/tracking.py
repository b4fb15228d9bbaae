"""Where MLflow keeps runs: on a server, or in a folder.

A password in a server's address is handed to MLflow's client, and is neither shown nor stored.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from docker.host import network
from docker.paths import MLRUNS
from docker.share.output import writing_alone
from docker.standing import from_here
from stages.errors import NotWritableError, SettingsError
from stages.folder.usable import resolved
from stages.program.printable import printable
from stages.program.user import this_user
from stages.setting.addresses import (
    fit_to_show,
    is_remote,
    local_path,
    redacted_address,
    why_no_address,
)
from stages.setting.prefix import refuse_misspelt
from stages.setting.suggestion import MAX_SHOWN, quoted

URI, EXPERIMENT = "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"
# The setting of the task that stands for it.
TRACKING_URI = "tracking_uri"
USER, PASSWORD = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"
TOKEN = "MLFLOW_TRACKING_TOKEN"
CERTIFICATES = "REQUESTS_CA_BUNDLE"
DEFAULT_EXPERIMENT = "vgg19"
# Characters that MLflow has room for.
MAX_EXPERIMENT = 500
# Within a folder of this name MLflow looks for no runs, as in its own runs files are in one.
RESERVED = "artifacts"
# MLflow's client would report its use, print addresses, wait for as long as a server says, and
# refuse folders, which it keeps no more.
ALWAYS = {
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# By itself it tries for some minutes.
BY_DEFAULT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
PREFIX = "MLFLOW_"
# What the client obeys, or what bears on nothing that is done here: models, S3, other programs.
LET_BE = (
    *("MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_AWS_SIGV4", "MLFLOW_TRACKING_CLIENT_CERT_PATH"),
    *("MLFLOW_TRACKING_INSECURE_TLS", "MLFLOW_TRACKING_SERVER_CERT_PATH", "MLFLOW_WORKSPACE"),
    *("MLFLOW_ALLOW_HTTP_REDIRECTS", "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT"),
    *("MLFLOW_CONFIGURE_LOGGING", "MLFLOW_LOGGING_LEVEL", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"),
    *("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "MLFLOW_REGISTRY_URI"),
)
LET_BE_PREFIXES = ("MLFLOW_HTTP_", "MLFLOW_S3_")
# Names that are MLflow's own, or that one would expect, by what is read in their place.
MEANT = {
    **dict.fromkeys(("MLFLOW_EXPERIMENT", "MLFLOW_EXPERIMENT_ID"), EXPERIMENT),
    **dict.fromkeys(("MLFLOW_URI", "MLFLOW_SERVER", "MLFLOW_TRACKING_SERVER"), URI),
    **dict.fromkeys(("MLFLOW_USER", "MLFLOW_USERNAME"), USER),
    "MLFLOW_PASSWORD": PASSWORD,
    "MLFLOW_TOKEN": TOKEN,
}
# Words that MLflow takes for the services of a company.
SERVICES = ("databricks", "databricks-uc", "uc")
KINDS = "give the address of an MLflow server (https://HOST, http://HOST:PORT) or a folder"


@dataclass(frozen=True, slots=True)
class Tracking:
    """A place for runs: its address without secrets, and variables for the client, with them.

    `folder` is None for a server. `secrets` are what it may never show, whoever says it.
    """

    uri: str
    variables: Mapping[str, str]
    folder: Path | None = None
    secrets: Sequence[str] = ()

    def alone(self) -> AbstractContextManager[None]:
        """Keep others out of a folder, which is made if need be: both would make the same run.

        Raises ArtifactsBusyError if another command writes to it.
        """
        if self.folder is None:
            return nullcontext()
        self.folder.mkdir(exist_ok=True)
        return writing_alone(self.folder)

    @property
    def place(self) -> str:
        """Where it is, for a person."""
        return str(self.folder or self.uri)


def place_of_runs(given: str, artifacts: Path, environ: Mapping[str, str] = os.environ) -> Tracking:
    """Return the place that is given, or that MLflow's variable names, else one in the clone.

    Raises SettingsError for an address that is of no server, or a variable of MLflow's unread,
    NotWritableError for a folder that can't be used, ArtifactsBusyError for one that is in use.
    """
    _refuse_unread(environ)
    text = (given or environ.get(URI, "")).strip()
    named = TRACKING_URI if given else URI
    if is_remote(text):
        return _of_server(text, named, environ)
    # What is looked at and shown is where the runs will be, not a link to it.
    folder = Path(os.path.realpath(_path_of(text, named) if text else MLRUNS))
    _require_apart(folder, artifacts)
    return _of_folder(folder, environ)


def _refuse_unread(environ: Mapping[str, str]) -> None:
    """Raise SettingsError for a variable of MLflow's that would be passed over without a word."""
    names = (URI, EXPERIMENT, USER, PASSWORD, TOKEN, *BY_DEFAULT)
    own = {name for name, value in environ.items() if name.upper().startswith(PREFIX) and value}
    for name in sorted(own - {*names, *ALWAYS, *LET_BE}):
        if meant := MEANT.get(name.upper(), ""):
            raise SettingsError(f"{name} is not read here; set {meant} in its place, and unset it")
    refuse_misspelt({*environ} - {*LET_BE, *ALWAYS}, names)
    for name in sorted(own - {*names, *ALWAYS, *LET_BE}):
        if not name.startswith(LET_BE_PREFIXES):
            shown = printable(name, MAX_SHOWN)
            raise SettingsError(f"{shown} is not read here, and may be meant to matter; unset it")


def experiment_of(environ: Mapping[str, str] = os.environ) -> str:
    """Return the experiment that runs are in; SettingsError for what may hold a password.

    Whoever sees the runs sees it.
    """
    name = environ.get(EXPERIMENT, "").strip() or DEFAULT_EXPERIMENT
    if "://" in name or fit_to_show(name) != name:
        raise SettingsError(
            f"{EXPERIMENT} can't be {quoted(name)}, an address; give a name, or unset it"
        )
    if "'" in name or printable(name) != name or len(name) > MAX_EXPERIMENT:
        raise SettingsError(
            f"{EXPERIMENT} can't be {quoted(name)}: MLflow looks up no name with a quote, with "
            f"signs that can't be seen, or of more than {MAX_EXPERIMENT}; give another, or unset it"
        )
    return name


def _of_server(text: str, named: str, environ: Mapping[str, str]) -> Tracking:
    if why := why_no_address(text):
        raise _refusal(named, text, why)
    parts = urlsplit(text)
    if parts.query or parts.fragment or ";" in parts.path:
        raise _refusal(named, text, "an MLflow server's address has no ; ? or # behind its host")
    host = parts.netloc.rpartition("@")[2]
    uri = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
    given = {USER: parts.username or None, PASSWORD: parts.password}
    user = {name: unquote(text) for name, text in given.items() if text is not None}
    if user.get(PASSWORD) and not (user.get(USER) or environ.get(USER)):
        raise _refusal(named, text, f"it has a password and no name, nor has {USER}")
    variables = {**_variables(uri, environ), **_certificates(environ), **user}
    return Tracking(uri, variables, secrets=_secrets({**environ, **user}))


def _secrets(environ: Mapping[str, str]) -> list[str]:
    """Return the passwords as they are, and as an address has them."""
    words = [text for name in (PASSWORD, TOKEN) if (text := environ.get(name, ""))]
    return [*words, *(quote(text, safe="") for text in words)]


def _path_of(text: str, named: str) -> Path:
    bare = text if "://" in text else text.removeprefix("file:")
    path = None if bare in SERVICES else local_path(bare)
    if path is None:
        raise _refusal(named, text, "MLflow's client here knows no such place")
    return from_here(str(path))


def _refusal(named: str, text: str, why: str) -> SettingsError:
    shown = printable(redacted_address(text), MAX_SHOWN)
    return SettingsError(f"{named} can't be {shown!r} ({why}); {KINDS}")


def _of_folder(folder: Path, environ: Mapping[str, str]) -> Tracking:
    if folder.exists() and not folder.is_dir():
        raise NotWritableError(f"{folder} is no folder; give another by --tracking-uri")
    if not folder.parent.is_dir():
        raise NotWritableError(f"{folder.parent} is no folder that is there; create it")
    if not os.access(folder if folder.exists() else folder.parent, os.W_OK | os.X_OK):
        raise NotWritableError(
            f"{folder} can't be written by user {this_user()}; give another by --tracking-uri"
        )
    if folder.exists():
        with writing_alone(folder):  # what another command has begun is not MLflow's yet
            _require_of_mlflow(folder)
    uri = folder.as_uri()
    return Tracking(uri, _variables(uri, environ), folder)


def _require_of_mlflow(folder: Path) -> None:
    if any(folder.iterdir()) and not any(folder.glob("*/meta.yaml")):
        raise NotWritableError(
            f"{folder} has other files than MLflow's; give an empty folder, or one of its own"
        )


def _require_apart(folder: Path, artifacts: Path) -> None:
    """Raise NotWritableError for a folder among the artifacts, or that MLflow takes for those."""
    root = resolved(artifacts)
    if folder == root or root in folder.parents:
        raise NotWritableError(f"{folder} would be among the artifacts; give another folder")
    if RESERVED in folder.parts:
        raise NotWritableError(
            f"{folder} has {RESERVED!r} in its path, in which MLflow finds no run again; give "
            "another folder by --tracking-uri"
        )


def _variables(uri: str, environ: Mapping[str, str]) -> dict[str, str]:
    own = {name: value for name, value in BY_DEFAULT.items() if not environ.get(name)}
    return {**own, **ALWAYS, URI: uri}


def _certificates(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variable by which the client trusts what this machine does, as all else here."""
    bundle = None if environ.get(CERTIFICATES) else network.ca_bundle(environ)
    return {CERTIFICATES: str(bundle)} if bundle else {}
