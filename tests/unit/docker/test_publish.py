"""Results as Parquet, and as runs of MLflow: in a folder, and on a stand-in for a server."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docker.share import bundle, publish, scripts, tracking
from docker.share.bundle import write_bundle
from docker.share.publish import Asked, Limits
from stages.artifacts import Artifacts
from stages.compare.effects import compare
from stages.compare.inputs import read_profiles
from stages.compare.summary import texts_of
from stages.errors import (
    ArtifactsBusyError,
    DownloadError,
    InputMissingError,
    NotTrustedError,
    NotWritableError,
    SettingsError,
    StageError,
)
from stages.files.checksums import sha256
from stages.records.summary import COLUMNS
from tests.commands import invoke
from tests.unit.docker.publishing import Server, serving
from tests.unit.evidence.parts import pipeline
from tests.unit.machines.parts import RATES, cell, measure

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
pytest.importorskip("mlflow")

METRIC = "throughput_images_per_s/int8/AVX2"


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let this Python, which has the packages, do it, whatever proxies the machine has."""
    monkeypatch.setattr(scripts, "python_of_publish", lambda: Path(sys.executable))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")
    monkeypatch.setattr(tracking, "MLRUNS", tmp_path / "mlruns")
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_TRACKING_USERNAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    cells = cell("fp32", "AVX2", *RATES), cell("int8", "AVX2", *(2 * rate for rate in RATES))
    return measure(tmp_path / "a", *cells, machine_type="m7i.xlarge")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


def published(artifacts: Path, *machines: Path | str, **asked: str | bool) -> list[str]:
    given = Asked([*map(str, machines)], **asked)  # type: ignore[arg-type]
    return [*publish.publish(given, artifacts)]


def test_the_table_is_read_back_with_types_units_and_the_figures_of_the_csv(
    tmp_path: Path, measured: Path
) -> None:
    output = tmp_path / "out.parquet"
    (line,) = published(measured, parquet=str(output))
    assert line == f"publish: 2 cells in {output}"
    table = parquet.read_table(output)
    assert table.column_names == [column.name for column in COLUMNS]
    types = {"text": pa.string(), "count": pa.int64(), "number": pa.float64(), "truth": pa.bool_()}
    for column in COLUMNS:
        field = table.schema.field(column.name)
        about = {name.decode(): text.decode() for name, text in (field.metadata or {}).items()}
        assert about["meaning"] == column.meaning
        assert about.get("unit", "") == column.unit
        assert field.type == types.get(column.kind, pa.timestamp("ms", tz="UTC"))
    fp32, int8 = table.to_pylist()
    assert (int8["throughput_images_per_s"], int8["precision_speedup"]) == (20.0, 2.0)
    assert int8["measured_utc"].isoformat() == "2026-11-26T17:24:05+00:00"
    assert (int8["machine"], int8["run_trusted"]) == ("m7i.xlarge", True)
    assert fp32["latency_p99_ms"] is fp32["bundle_sha256"] is None
    profiles = read_profiles(Artifacts(measured))
    head, *rows = texts_of(compare(profiles), profiles)["summary.csv"].splitlines()
    assert head.split(",") == table.column_names
    assert rows[1].split(",")[10] == str(int8["rounds"])


def test_a_table_is_replaced_and_another_programs_file_is_not(
    tmp_path: Path, measured: Path
) -> None:
    output = tmp_path / "out.parquet"
    published(measured, parquet=str(output))
    replaced, _ = published(measured, parquet=str(output))
    assert replaced.startswith(f"publish: replaced the file {output}")
    parquet.write_table(pa.table({"a": [1]}), output)
    with pytest.raises(NotWritableError, match="is another program's"):
        published(measured, parquet=str(output))
    with pytest.raises(NotWritableError, match="would be among the artifacts"):
        published(measured, parquet=str(measured / "out.parquet"))
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []


def test_the_table_is_named_on_one_line_whatever_it_is_called(
    tmp_path: Path, measured: Path
) -> None:
    (line,) = published(measured, parquet=str(tmp_path / "a\n\x1b[31mb.parquet"))
    assert line.isprintable()


def test_a_bundle_is_checked_and_its_hash_stands_in_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docker.host.engine.answers", lambda: False)
    monkeypatch.setattr(bundle, "_locked_makers", lambda *_: {"vgg19-train": "sha256:1"})
    packed, output = tmp_path / "b.tar", tmp_path / "out.parquet"
    write_bundle(pipeline(tmp_path / "p"), packed)
    with pytest.raises(NotTrustedError):
        published(tmp_path / "none", f"big={packed}", parquet=str(output))
    rows = parquet.read_table(output).to_pylist()
    assert {row["bundle_sha256"] for row in rows} == {sha256(packed)}
    assert {(row["machine"], row["run_trusted"]) for row in rows} == {("big", False)}
    packed.write_bytes(packed.read_bytes()[:-2000])
    with pytest.raises(StageError, match=r"b\.tar"):
        published(tmp_path / "none", packed, parquet=str(tmp_path / "other.parquet"))
    assert not (tmp_path / "other.parquet").exists()


def run_in(folder: Path) -> Path:
    (run,) = (path.parent for path in folder.glob("*/*/meta.yaml"))
    return run


def test_a_measurement_is_one_run_in_mlflows_folder_however_often_it_is_published(
    measured: Path,
) -> None:
    line, _ = published(measured, mlflow=True)
    run = run_in(measured.parent / "mlruns")
    assert line.endswith(f"is run {run.name} now (MLflow at {measured.parent}/mlruns)")
    assert (run / "params" / "cpu").read_text() == "A CPU"
    assert (run / "params" / "batch_size_images").read_text() == "8"
    assert (run / "metrics" / METRIC).read_text().split()[1] == "20.0"
    low = (run / "metrics" / "precision_speedup_low" / "int8" / "AVX2").read_text().split()[1]
    assert 1.9 < float(low) <= 2.0
    assert (run / "tags" / "trusted").read_text() == "true"
    sums = sha256(measured / "profile" / "SHA256SUMS")
    assert (run / "tags" / "measurement_sha256").read_text() == sums
    assert [path.name for path in (run / "artifacts").iterdir()] == ["measurements.json"]
    again, note = published(measured, mlflow=True)
    assert again.endswith(
        f"is there already, as run {run.name} (MLflow at {measured.parent}/mlruns)"
    )
    assert "has no page and no pictures" in note
    assert run_in(measured.parent / "mlruns") == run


def test_a_folder_of_runs_is_one_commands_at_a_time(
    measured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(*_: object) -> str:
        busy = "another command is writing to .*/mlruns; wait until it ends"
        with pytest.raises(ArtifactsBusyError, match=busy):
            published(measured, mlflow=True)
        return '{"lines": ["made"]}'

    monkeypatch.setattr(publish, "run_script", meanwhile)
    assert "made" in published(measured, mlflow=True)[0]


def test_a_run_in_doubt_is_tagged_as_such_and_ends_with_its_code(
    tmp_path: Path, server: Server
) -> None:
    made = pipeline(tmp_path / "p")
    with pytest.raises(NotTrustedError, match="is not to be trusted"):
        published(made.root, tracking_uri=server.uri)
    (run,) = server.runs.values()
    tags = {tag["key"]: tag["value"] for tag in run["tags"]}
    assert (tags["trusted"], run["status"]) == ("false", "FINISHED")
    assert tags["measurement_sha256"] == sha256(made.profile("itex").path / "SHA256SUMS")
    names = {path.rpartition("/")[2] for path in server.files}
    assert names == {
        *("compare.json", "compare.log", "summary.csv", "summary.md"),
        "measurements.json",
    }
    stored = next(text for path, text in server.files.items() if path.endswith("measurements.json"))
    assert json.loads(stored)["runtime"] == "itex"


def test_a_password_in_the_address_reaches_the_server_and_nothing_else(
    measured: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = server.server_port
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:s%40fe@127.0.0.1:{port}/")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "mine")
    first = published(measured, mlflow=True)
    again = published(measured, mlflow=True)
    assert server.users == {"Basic bWU6c0BmZQ=="}
    assert server.experiments == ["mine"]
    assert len(server.runs) == 1
    assert f"(MLflow at http://127.0.0.1:{port})" in first[0]
    assert "fe@" not in str(server.runs) + str(first) + str(again)
    assert not (measured.parent / "mlruns").exists()


def test_a_run_that_can_t_be_made_whole_is_deleted_and_made_another_time(
    measured: Path, server: Server
) -> None:
    server.fails_at = "measurements.json"
    with pytest.raises(DownloadError, match=rf"the MLflow server at {server.uri} did not take it"):
        published(measured, tracking_uri=server.uri)
    server.fails_at = ""
    (line, *_) = published(measured, tracking_uri=server.uri)
    assert "is run" in line
    assert [run["status"] for run in server.runs.values()] == ["DELETED", "FINISHED"]


@pytest.mark.parametrize("storage", ["s3://bucket", "/srv/runs", "mlflow-artifacts://other.host/1"])
def test_files_go_to_the_server_or_nowhere(measured: Path, server: Server, storage: str) -> None:
    server.storage = storage
    lines = published(measured, tracking_uri=server.uri)
    assert "the server has them in another storage" in lines[1]
    assert server.files == {}


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, r"refuses this user \(401\); set MLFLOW_TRACKING_USERNAME"), (404, "did not take it")],
)
def test_a_server_that_does_not_take_it_is_named_in_one_line(
    measured: Path, server: Server, status: int, words: str
) -> None:
    server.status, server.text = status, "<html>\nat http://me:secret@host/ \x1b[31m"
    with pytest.raises(DownloadError, match=words) as raised:
        published(measured, tracking_uri=f"http://me:secret@127.0.0.1:{server.server_port}")
    assert "secret" not in str(raised.value)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("status", [302, 308])
@pytest.mark.parametrize("path", ["", "/api/2.0/mlflow/runs/create", "mlflow-artifacts"])
def test_a_server_that_leads_elsewhere_is_not_followed(
    measured: Path, server: Server, status: int, path: str
) -> None:
    with serving() as other:
        server.leads, server.status_of_leading = (path, f"http://me:secret@{other.uri[7:]}"), status
        expected = rf"{server.uri} leads to http://\*\*\*@{other.uri[7:]}/.*, where nothing is sent"
        with pytest.raises(DownloadError, match=expected) as raised:
            published(measured, tracking_uri=server.uri)
        assert "secret" not in str(raised.value)
        assert (other.users, other.runs, other.files) == (set(), {}, {})
    assert {run["status"] for run in server.runs.values()} <= {"DELETED"}


def test_a_server_that_is_not_there_is_said_to_be_out_of_reach(
    measured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with serving() as gone:
        uri = gone.uri
    with pytest.raises(DownloadError, match=r"can't be reached \(ConnectionError\); check address"):
        published(measured, tracking_uri=uri)


@pytest.mark.parametrize(
    ("parts", "pause_s", "words"),
    [(b"x", 0.1, "none within 2 s"), (b"x" * 2**20, 0, "one too large for the memory")],
)
def test_a_server_that_answers_without_end_does_not_hold_it(
    measured: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    parts: bytes,
    pause_s: float,
    words: str,
) -> None:
    call_s = 2 if pause_s else 60
    monkeypatch.setattr(publish, "LIMITS", Limits(call_s, memory_bytes=2**27))
    server.parts, server.pause_s = parts, pause_s
    with pytest.raises(DownloadError, match=rf"gives no whole answer \({words}\); read its log"):
        published(measured, tracking_uri=server.uri)


def test_a_server_does_not_say_how_long_it_is_waited_for(
    measured: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setattr(publish, "LIMITS", Limits(call_s=20))
    server.status, server.headers = 429, {"Retry-After": "100000"}
    with pytest.raises(DownloadError, match=r"did not take it \(too many 429 error"):
        published(measured, tracking_uri=server.uri)


def test_the_time_for_all_calls_is_kept_too(
    measured: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "LIMITS", Limits(all_s=1))
    # However long MLflow takes to start on a busy machine.
    monkeypatch.setattr(publish, "GRACE_S", 600)
    server.parts, server.pause_s = b"x", 0.1
    with pytest.raises(DownloadError, match=r"gives no whole answer \(none within 1 s\)"):
        published(measured, tracking_uri=server.uri)


@pytest.mark.parametrize("text", ['{"experiment": 5}', '{"experiment": {"tags": 3}}'])
def test_what_is_no_mlflow_server_is_said_to_be_none(
    measured: Path, server: Server, text: str
) -> None:
    server.text = text
    with pytest.raises(DownloadError, match="answers as no MLflow server does"):
        published(measured, tracking_uri=server.uri)


def test_a_folder_whose_runs_are_another_programs_is_named(measured: Path) -> None:
    foreign = measured.parent / "mlruns" / "0" / "meta.yaml"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("[1, 2")
    expected = r"MLflow can't use .*/mlruns \(.*\); give another by --tracking-uri"
    with pytest.raises(NotWritableError, match=expected):
        published(measured, mlflow=True)


@pytest.mark.parametrize("address", ["file://{}", "{}"])
def test_a_folder_whose_experiment_keeps_its_files_elsewhere_is_refused(
    measured: Path, address: str
) -> None:
    runs, elsewhere = measured.parent / "mlruns", measured.parent / "elsewhere"
    published(measured, mlflow=True)
    (meta,) = runs.glob("*/meta.yaml")
    run = run_in(runs)
    shutil.rmtree(run)
    text = re.sub("(?m)^artifact_location:.*", "artifact_location: " + address, meta.read_text())
    meta.write_text(text.format(elsewhere))
    expected = rf"MLflow can't use {runs} \(outside it, in {elsewhere}, is what belongs to"
    with pytest.raises(NotWritableError, match=expected):
        published(measured, mlflow=True)
    assert not elsewhere.exists()
    assert not [*runs.glob("*/*/meta.yaml")]


def test_an_experiment_that_is_a_link_out_of_its_folder_is_refused(measured: Path) -> None:
    runs, elsewhere = measured.parent / "mlruns", measured.parent / "elsewhere"
    published(measured, mlflow=True)
    run = run_in(runs)
    own = run.parent
    shutil.rmtree(run)
    own.rename(elsewhere)
    own.symlink_to(elsewhere)
    with pytest.raises(NotWritableError, match=rf"outside it, in {elsewhere}, is what belongs to"):
        published(measured, mlflow=True)
    assert [path.name for path in elsewhere.iterdir()] == ["meta.yaml"]


def test_a_copied_folder_of_runs_does_not_get_runs_whose_files_are_in_the_first(
    measured: Path,
) -> None:
    runs, copy = measured.parent / "mlruns", measured.parent / "copy"
    published(measured, mlflow=True)
    shutil.copytree(runs, copy)
    shutil.rmtree(run_in(copy))
    with pytest.raises(NotWritableError, match=f"can't use {copy} .*in {runs}/.*a copy of another"):
        published(measured, tracking_uri=str(copy))
    assert len([*runs.glob("*/*/artifacts/*")]) == 1


def test_a_servers_words_are_shown_without_passwords_on_one_line(
    measured: Path, server: Server
) -> None:
    published(measured, tracking_uri=server.uri)
    for run in server.runs.values():
        run["id"] = "http://me:secret@host/\x1b[31m\n"
    (line, _) = published(measured, tracking_uri=server.uri)
    assert "is there already, as run http://***@host/" in line
    assert line.isprintable()


def test_a_server_that_repeats_the_password_does_not_have_it_shown(
    measured: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = server.server_port
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:s%40fe@127.0.0.1:{port}/")
    published(measured, mlflow=True)
    for run in server.runs.values():
        run["id"] = "you are me:s@fe, that is s%40fe"
    (line, _) = published(measured, mlflow=True)
    assert "as run you are ***, that is *** (MLflow" in line or "me:***, that is ***" in line


def test_one_measurement_given_twice_is_refused(tmp_path: Path, measured: Path) -> None:
    with pytest.raises(SettingsError, match="are one measurement; give one of them"):
        published(measured, f"a={measured}", f"b={measured}", parquet=str(tmp_path / "o.parquet"))


def test_what_says_no_place_or_has_no_measurement_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="publish needs to know where to"):
        published(tmp_path)
    with pytest.raises(InputMissingError):
        published(tmp_path / "none", parquet=str(tmp_path / "o.parquet"))
    with pytest.raises(InputMissingError):
        published(tmp_path / "none", mlflow=True)
    assert not (tmp_path / "none").exists()


def test_a_script_that_fails_is_named_with_its_last_line(
    tmp_path: Path, measured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripts, "SCRIPTS", tmp_path)
    (tmp_path / "parquet.py").write_text("raise SystemExit('no pyarrow')")
    with pytest.raises(StageError, match=r"parquet failed \(no pyarrow\); remove .*\.venv-publish"):
        published(measured, parquet=str(tmp_path / "out.parquet"))
    assert not (tmp_path / "out.parquet").exists()
    (tmp_path / "parquet.py").write_text("raise OSError(28, 'No space left on device')")
    with pytest.raises(StageError, match="no space left for what publish writes"):
        published(measured, parquet=str(tmp_path / "out.parquet"))


def test_the_command_refuses_a_wrong_address_without_its_password(tmp_path: Path) -> None:
    done = invoke("publish", "--tracking-uri", "sqlite://me:secret@host/x.db")
    assert done.code == SettingsError.exit_code
    (line,) = done.error_lines
    assert line.startswith("publish: error: tracking_uri can't be 'sqlite://***@host/x.db' (")
    assert "secret" not in done.output
