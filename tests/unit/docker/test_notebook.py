import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest
from invoke.context import Context
from invoke.exceptions import Exit

from docker import artifacts, containers, images, runners
from docker.build.graph import NOTEBOOK, Stage, read_extra
from docker.host import engine, env_file, user, visibility
from docker.host.engine import EngineInfo
from docker.notebook import FOLDER, SOCKET, TOKEN, notebook, port_of
from docker.outcome import Outcome
from docker.reproduce.locked_images import ResolvedImage
from stages.errors import ArtifactsBusyError, EngineError, SettingsError, StageError
from stages.settings import env_name
from tests.unit.docker.test_loopback_port import TIMEOUT_S, free_port

Started = list[tuple[list[str], Mapping[str, str]]]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """The commands for the engine that start a container, each of which is then interrupted."""
    calls: Started = []

    def start(command: list[str], environ: Mapping[str, str]) -> None:
        calls.append((command, environ))
        raise KeyboardInterrupt

    for module, name in (
        *((engine, "require"), (env_file, "write"), (images, "build_missing")),
        *((visibility, "require_visible"), (runners, "require_free"), (runners, "_open_locks")),
        (containers, "_engine"),
    ):
        monkeypatch.setattr(module, name, lambda *_: None)
    monkeypatch.setattr(engine, "read_info", EngineInfo)
    monkeypatch.setattr(artifacts, "prepare", lambda folder, owner: folder)
    monkeypatch.setattr(runners, "resolve", lambda name: ResolvedImage(f"id of {name}", "sha256:1"))
    monkeypatch.setattr(containers, "_start", start)
    return calls


def test_it_runs_one_container_as_a_stage_and_ends_well_by_ctrl_c(
    started: Started, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook(Context(), port=str(free_port()), artifacts=str(tmp_path))
    ((command, environ),) = started
    assert command[:2] == ["docker", "compose"]
    assert {"run", *containers.UNATTENDED} <= {*command}
    assert command[-1] == NOTEBOOK
    assert environ["STAGES_IMAGE"] == "id of vgg19-notebook"
    assert environ[env_name("artifacts")] == str(tmp_path)
    # Any user of the machine can read a command line.
    assert re.fullmatch("[0-9a-f]{48}", environ[TOKEN])
    assert environ[TOKEN] not in " ".join(command)
    assert not Path(environ[FOLDER]).exists()
    assert "notebook: ended, and its container is removed\n" in capsys.readouterr().out


def test_it_says_where_jupyter_is_once_that_listens(
    started: Started,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tokens: list[str] = []

    def serve(stage: Stage, environ: Mapping[str, str], image: str) -> Outcome:
        tokens.append(environ[TOKEN])
        folder = Path(environ[FOLDER])
        assert folder.stat().st_mode & 0o077 == 0
        owner = os.getuid() or user.invoking_user().uid
        assert folder.stat().st_uid == owner
        with socket.socket(socket.AF_UNIX) as jupyter:
            jupyter.settimeout(TIMEOUT_S)
            os.seteuid(owner)  # as whom the container runs
            try:
                jupyter.bind(str(folder / SOCKET))
                jupyter.listen()
            finally:
                os.seteuid(os.getuid())
            jupyter.accept()[0].close()
        return Outcome(0, 1.0)

    monkeypatch.setattr(containers, "run", serve)
    port = free_port()
    notebook(Context(), port=str(port), artifacts=str(tmp_path))
    (token,) = tokens
    url = f"http://127.0.0.1:{port}/lab/tree/vgg19_spr.ipynb?token={token}"
    assert f"notebook: open {url}\n" in capsys.readouterr().out


def test_each_run_has_another_token(started: Started, tmp_path: Path) -> None:
    for _ in range(2):
        notebook(Context(), port=str(free_port()), artifacts=str(tmp_path))
    first, second = (environ[TOKEN] for _, environ in started)
    assert first != second


def refused(capsys: pytest.CaptureFixture[str], **flags: str) -> tuple[int, str]:
    """Return the exit code of a run that fails, and the line that says why."""
    with pytest.raises(Exit) as ending:
        notebook(Context(), **flags)
    (line,) = capsys.readouterr().err.splitlines()
    return ending.value.code, line


def test_a_jupyter_that_fails_fails_the_task(
    started: Started,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(containers, "run", lambda *_: Outcome(1, 1.0))
    code, line = refused(capsys, port=str(free_port()), artifacts=str(tmp_path))
    assert code == StageError.exit_code
    assert line == "notebook: error: Jupyter ended with code 1; the lines above say why"


def test_a_port_that_is_taken_is_refused_before_anything_is_built(
    started: Started,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(images, "build_missing", lambda *_: pytest.fail("it is built"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, line = refused(capsys, port=str(port), artifacts=str(tmp_path))
    assert code == SettingsError.exit_code
    assert line.startswith(f"notebook: error: port {port} can't be used (another program has it)")
    assert not started


def test_two_at_once_in_a_folder_are_refused(
    started: Started,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    row = "vgg19-1-notebook-7\trunning\t2 minutes ago\t\tnotebook"
    monkeypatch.setattr(containers, "_engine", lambda *_: row)
    monkeypatch.setattr(runners, "require_free", containers.require_free)
    code, line = refused(capsys, port=str(free_port()), artifacts=str(tmp_path))
    assert code == ArtifactsBusyError.exit_code
    assert line.startswith(f"notebook: error: notebook of another run works in {tmp_path}")
    assert "end it: `docker rm --force vgg19-1-notebook-7`" in line
    assert not started


def test_without_an_engine_it_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine, "find_state", lambda: engine.State.NO_CLIENT)
    code, line = refused(capsys, port=str(free_port()), artifacts=str(tmp_path))
    assert code == EngineError.exit_code
    assert line.endswith("get one with `./bootstrap.py --yes notebook`")


def test_another_runtime_is_refused(
    started: Started,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(env_name("runtime"), "stock")
    code, line = refused(capsys, port=str(free_port()), artifacts=str(tmp_path))
    assert code == SettingsError.exit_code
    assert "the notebook's image has the runtime itex alone; leave VGG19_RUNTIME out" in line
    assert not started


@pytest.mark.parametrize("text", ["0", "1023", "65536", "-1", "eight", "8e3", "\u0668" * 4])
def test_a_port_that_no_user_has_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="give a whole number from 1024 to 65535"):
        port_of(text)


def test_its_image_is_one_of_its_own() -> None:
    assert read_extra(NOTEBOOK) == Stage("notebook", "vgg19-notebook")
