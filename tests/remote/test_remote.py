"""`--host` with a real sshd and a real engine: a second one once, else this machine's own."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from docker.build.graph import read_stages
from docker.host.env_file import project_name
from docker.remote.volume import Volume
from stages.artifacts import Artifacts, verify
from stages.errors import ArtifactsBusyError, EngineError
from stages.files.checksums import write_checksums
from stages.folder.usable import prepare
from stages.settings import env_name
from tests.commands import Done, invoke, run, start_invoke
from tests.remote.second_engine import Engine
from tests.remote.server import Server
from tests.smallest import ONE_ROUND, smallest

pytestmark = pytest.mark.usefixtures("built")

WAITS = "trap 'exit 3' TERM; echo begun; sleep 60 & wait"


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Volume]:
    """The volume of an artifacts folder, which is removed in the end with what is in its way."""
    made = Volume((tmp_path / "artifacts").resolve())
    yield made
    for name in containers(made):
        run("docker", "rm", "--force", name)
    run("docker", "volume", "rm", "--force", made.name)


@pytest.fixture
def waiting(tmp_path: Path, server: Server) -> dict[str, str]:
    """Variables by which train waits to be ended."""
    return running(server, tmp_path, "train", WAITS)


def running(server: Server, folder: Path, stage: str, script: str) -> dict[str, str]:
    """Return variables by which a stage runs a shell's script in its container."""
    override = folder / "override.yaml"
    services = {stage: {"entrypoint": ["sh", "-c", script]}}
    override.write_text(yaml.safe_dump({"services": services}))
    return {**server.variables, "STAGES_OVERRIDE": str(override)}


def containers(volume: Volume) -> list[str]:
    filters = ("--all", f"--filter=volume={volume.name}", "--format={{.Names}}")
    return run("docker", "ps", *filters).output.split()


def command(task: str, server: Server, volume: Volume) -> tuple[str, ...]:
    return (task, "--host", server.address, "--artifacts", str(volume.root))


def start_train(
    server: Server, volume: Volume, variables: dict[str, str]
) -> "subprocess.Popen[str]":
    """Start train over there, and return when its container runs."""
    return start_invoke(*command("train", server, volume), variables=variables)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts a second engine")
def test_a_pipeline_runs_there_and_its_results_come_here_once(
    folder: Path, second_engine: Engine, volume: Volume
) -> None:
    second_engine.take([stage.image for stage in read_stages()])
    server = Server(folder, {"DOCKER_HOST": second_engine.address})
    server.start()
    # One precision, as it is the way there and back that is tried.
    variables = {**smallest(), env_name("precisions"): "fp32", **server.variables}
    first = invoke(*command("pipeline", server, volume), variables=variables)
    assert first.code == ONE_ROUND, first
    where = f"in {volume.root}"
    assert f"pipeline: fetched train, quantize, profile, compare {where}\n" in first.output
    artifacts = Artifacts(volume.root)
    for stage in (artifacts.train, artifacts.quantize("itex"), artifacts.compare):
        verify(stage.path)
    assert not artifacts.cache.exists()  # what is only of use there stays there
    made = artifacts.train.record.stat().st_mtime_ns
    second = invoke(*command("train", server, volume), variables=variables)
    assert second.code == 0, second
    assert f"had train, quantize, profile, compare already {where}\n" in second.output
    assert artifacts.train.record.stat().st_mtime_ns == made
    assert containers(volume) == []
    assert volume.name in second_engine.ask("volume", "ls", "--quiet").output.split()
    assert volume.name not in run("docker", "volume", "ls", "--quiet").output.split()
    server.vanish()


def test_what_was_trained_here_is_sent_and_is_the_stages_own_there(
    server: Server, volume: Volume, tmp_path: Path
) -> None:
    record = Artifacts(prepare(volume.root)).train.record
    record.parent.mkdir()
    path = f"/artifacts/train/{record.name}"
    variables = running(server, tmp_path, "quantize", f"cat {path} && test -O {path}")
    for model in ("first\n", "second\n"):
        record.write_text(model)
        write_checksums(record.parent)
        done = invoke(*command("quantize", server, volume), variables=variables)
        assert done.code == 0, done
        assert f"quantize: sent train from {volume.root}\n{model}" in done.output
        assert f"quantize: had train already in {volume.root}\n" in done.output


def test_a_signal_ends_the_container_there(
    server: Server, volume: Volume, waiting: dict[str, str]
) -> None:
    with start_train(server, volume, waiting) as process:
        process.send_signal(signal.SIGTERM)
        assert process.stdout
        output = process.stdout.read()
    assert process.returncode == 128 + signal.SIGTERM
    assert output == "train: ended by SIGTERM; finished artifacts are whole\n"
    assert containers(volume) == []


def test_what_a_killed_invoke_left_there_is_named_with_the_command_that_ends_it(
    server: Server, volume: Volume, waiting: dict[str, str]
) -> None:
    with start_train(server, volume, waiting) as process:
        os.killpg(process.pid, signal.SIGKILL)
    name = f"{project_name()}-train-{process.pid}"
    assert containers(volume) == [name]
    done = invoke(*command("train", server, volume), variables=waiting)
    assert done.code == ArtifactsBusyError.exit_code, done
    ends = ("docker", "--host", server.address, "rm", "--force", name)
    assert f"end it: `{' '.join(ends)}`" in done.error_lines[0]
    run(*ends, variables=waiting)
    assert containers(volume) == []


def test_a_machine_that_vanishes_is_said_to(
    server: Server, volume: Volume, waiting: dict[str, str]
) -> None:
    with start_train(server, volume, waiting) as process:
        server.vanish()
        assert process.stdout
        output = process.stdout.read()
    assert process.returncode == EngineError.exit_code, output
    assert f"train: error: train was cut off, as {server.address} answers no more" in output
    server.start()
    done = invoke(*command("train", server, volume), variables=waiting)
    assert done.code == ArtifactsBusyError.exit_code, done


def refused(server: Server, volume: Volume) -> str:
    done: Done = invoke(*command("doctor", server, volume), variables=server.variables)
    assert done.code == EngineError.exit_code, done
    (line,) = done.error_lines
    return line


def test_why_ssh_does_not_get_there_is_said(server: Server, volume: Volume) -> None:
    (server.folder / "known_hosts").write_text("")
    assert "its key is not known here, or is another than before" in refused(server, volume)
    server.know_host()
    (server.folder / "key.pub").write_text("")
    assert "it does not take this user's keys" in refused(server, volume)
    server.vanish()
    assert "Connection refused" in refused(server, volume)
    server.start()


def test_a_machine_without_docker_is_said_to_be_one(folder: Path, volume: Volume) -> None:
    server = Server(folder, {"PATH": "/nowhere"})
    server.start()
    assert "ssh finds no docker there; install Docker's engine there" in refused(server, volume)
    server.vanish()
