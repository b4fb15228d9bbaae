"""Where MLflow keeps runs: which addresses and folders are taken, and what is shown of them."""

from pathlib import Path

import pytest

from docker.paths import ROOT
from docker.share.tracking import (
    EXPERIMENT,
    PASSWORD,
    TOKEN,
    URI,
    USER,
    experiment_of,
    place_of_runs,
)
from stages.errors import NotWritableError, SettingsError

# Without it, pip is asked for its certificates.
TRUSTED = {"REQUESTS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt"}


@pytest.mark.parametrize(
    ("given", "uri", "user", "password"),
    [
        ("http://host:5000", "http://host:5000", None, None),
        ("https://host/ml/", "https://host/ml", None, None),
        ("https://me:p%40ss@host", "https://host", "me", "p@ss"),
        ("HTTPS://me:@host", "https://host", "me", ""),
    ],
)
def test_a_servers_password_is_a_variable_and_no_part_of_its_address(
    tmp_path: Path, given: str, uri: str, user: str | None, password: str | None
) -> None:
    place = place_of_runs(given, tmp_path, TRUSTED)
    assert (place.uri, place.place, place.folder) == (uri, uri, None)
    assert (place.variables.get(USER), place.variables.get(PASSWORD)) == (user, password)
    assert place.variables[URI] == uri


def test_an_address_replaces_those_variables_of_a_user_that_it_has(tmp_path: Path) -> None:
    set_ = {**TRUSTED, USER: "me", PASSWORD: "p@ss", TOKEN: "t0ken"}
    place = place_of_runs("http://you@host", tmp_path, set_)
    assert place.variables[USER] == "you"
    assert PASSWORD not in place.variables
    place = place_of_runs("http://:other@host", tmp_path, set_)
    assert place.variables[PASSWORD] == "other"
    assert USER not in place.variables
    assert {"other", "t0ken"} <= {*place.secrets}
    with pytest.raises(SettingsError, match=f"a password and no name, nor has {USER}"):
        place_of_runs("http://:other@host", tmp_path, TRUSTED)


@pytest.mark.parametrize(
    "given",
    [
        *("sqlite:///runs.db", "postgresql://me:secret@host/db", "databricks", "https://"),
        *("https://host/?token=secret", "https://me:sec/ret@host", "http://host/#part"),
        *("http://host/;token=secret", "https://host/ml;secret/runs"),
        *("https://host:secret", "file://me:secret@host/runs"),
    ],
)
def test_what_is_no_server_and_no_folder_is_refused_without_what_it_hides(
    tmp_path: Path, given: str
) -> None:
    with pytest.raises(SettingsError, match="give the address of an MLflow server") as raised:
        place_of_runs(given, tmp_path, TRUSTED)
    assert "secret" not in str(raised.value)
    assert "ret@" not in str(raised.value)


@pytest.mark.parametrize("form", ["{}", "file:{}", "file://{}"])
def test_a_folder_is_taken_as_a_path_or_as_an_address(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "my runs"
    place = place_of_runs(form.format(folder), tmp_path / "artifacts", {})
    assert (place.folder, place.uri) == (folder, f"file://{tmp_path}/my%20runs")


def test_mlflows_variable_names_a_place_if_the_flag_does_not(tmp_path: Path) -> None:
    environ = {URI: "http://one", **TRUSTED}
    assert place_of_runs("", tmp_path, environ).uri == "http://one"
    assert place_of_runs("http://other", tmp_path, environ).uri == "http://other"


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        *(("MLFLOW_TRACKING_URL", URI), ("MLFOW_TRACKING_URI", URI), ("mlflow_tracking_uri", URI)),
        *(("MLFLOW_EXPERIMENT_NAMES", EXPERIMENT), ("MLFLOW_TRACKING_USER", USER)),
        ("MLFLOW_TRACKING_TOKENS", "MLFLOW_TRACKING_TOKEN"),
    ],
)
def test_a_misspelt_variable_of_mlflows_is_not_passed_over(
    tmp_path: Path, variable: str, meant: str
) -> None:
    expected = rf"{variable} is no variable \(did you mean {meant}\?\); unset it"
    with pytest.raises(SettingsError, match=expected):
        place_of_runs("", tmp_path, {variable: "http://me:secret@host"})


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        *(("MLFLOW_EXPERIMENT_ID", EXPERIMENT), ("MLFLOW_EXPERIMENT", EXPERIMENT)),
        *(("MLFLOW_TRACKING_SERVER", URI), ("MLFLOW_URI", URI), ("mlflow_uri", URI)),
        *(("MLFLOW_USERNAME", USER), ("MLFLOW_PASSWORD", PASSWORD)),
        ("MLFLOW_TOKEN", "MLFLOW_TRACKING_TOKEN"),
    ],
)
def test_a_variable_by_another_name_is_refused_with_the_one_that_is_read(
    tmp_path: Path, variable: str, meant: str
) -> None:
    expected = rf"{variable} is not read here; set {meant} in its place, and unset it"
    with pytest.raises(SettingsError, match=expected) as raised:
        place_of_runs("http://one", tmp_path, {variable: "secret", **TRUSTED})
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("name", ["MLFLOW_RUN_ID", "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"])
def test_a_variable_of_mlflows_that_is_not_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is not read here, and may be meant to matter"):
        place_of_runs("http://one", tmp_path, {name: "1", **TRUSTED})
    assert place_of_runs("http://one", tmp_path, {name: "", **TRUSTED})


def test_other_variables_of_mlflows_are_its_clients(tmp_path: Path) -> None:
    others = ("AUTH", "INSECURE_TLS", "SERVER_CERT_PATH", "CLIENT_CERT_PATH")
    environ = {f"MLFLOW_TRACKING_{name}": "1" for name in others} | TRUSTED
    environ |= {"MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1", "MLFLOW_ALLOW_FILE_STORE": "true"}
    assert place_of_runs("http://one", tmp_path, environ)


@pytest.mark.parametrize("name", ["https://bob:secret@host", "bob:secret@host", "http://host/;a"])
def test_an_address_is_no_name_of_an_experiment(name: str) -> None:
    with pytest.raises(SettingsError, match="an address; give a name, or unset it") as raised:
        experiment_of({EXPERIMENT: name})
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("name", ["a'b", "a\nb", "a\x1b[31m", "x" * 501])
def test_a_name_that_mlflow_does_not_look_up_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{EXPERIMENT} can't be .*: MLflow looks up no name"):
        experiment_of({EXPERIMENT: name})


def test_an_experiment_has_the_name_that_is_given() -> None:
    assert experiment_of({}) == "vgg19"
    assert experiment_of({EXPERIMENT: "/Users/me@firm/vgg19: all"}) == "/Users/me@firm/vgg19: all"


def test_the_clients_own_limits_are_kept_if_they_are_set(tmp_path: Path) -> None:
    name = "MLFLOW_HTTP_REQUEST_TIMEOUT"
    for environ, limit in ((TRUSTED, "30"), ({name: "5", **TRUSTED}, None)):
        place = place_of_runs("http://one", tmp_path, environ)
        assert place.variables.get(name) == limit
        assert place.variables["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    artifacts, other, file = tmp_path / "artifacts", tmp_path / "other", tmp_path / "file"
    for folder in (artifacts, other):
        folder.mkdir()
    (other / "notes.txt").touch()
    file.touch()
    for folder, words in (
        (other, "has other files than MLflow's"),
        (file, "is no folder"),
        (tmp_path / "none" / "runs", "is no folder that is there"),
        (artifacts / "profile", "would be among the artifacts"),
        (artifacts, "would be among the artifacts"),
    ):
        with pytest.raises(NotWritableError, match=words):
            place_of_runs(str(folder), artifacts, {})
    (other / "0").mkdir()
    (other / "0" / "meta.yaml").touch()
    assert place_of_runs(str(other), artifacts, {})


def test_a_link_to_a_folder_is_shown_and_judged_as_what_it_leads_to(tmp_path: Path) -> None:
    for name in ("artifacts", "runs"):
        (tmp_path / name).mkdir()
    link = tmp_path / "link"
    link.symlink_to("runs")
    assert place_of_runs(str(link), tmp_path / "artifacts", {}).place == str(tmp_path / "runs")
    link.unlink()
    link.symlink_to("artifacts")
    with pytest.raises(NotWritableError, match="would be among the artifacts"):
        place_of_runs(str(link), tmp_path / "artifacts", {})


def test_without_any_name_it_is_a_folder_of_the_clone(tmp_path: Path) -> None:
    assert place_of_runs("", tmp_path, {}).folder == ROOT / "mlruns"


def test_a_folder_in_which_mlflow_would_find_no_run_again_is_refused(tmp_path: Path) -> None:
    (tmp_path / "artifacts").mkdir()
    with pytest.raises(NotWritableError, match="in which MLflow finds no run again"):
        place_of_runs(str(tmp_path / "artifacts" / "runs"), tmp_path / "mine", {})
