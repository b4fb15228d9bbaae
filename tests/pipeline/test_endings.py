"""Every way that a run can end, and what holds for its containers, with the real engine.

The graph is the real one; an override file replaces what the stages run.
"""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from docker import artifacts as artifacts_folder
from docker.host import user
from docker.host.engine import read_info
from docker.host.env_file import project_name
from docker.paths import COMPOSE_FILE
from docker.stage_environment import TRAIN
from stages.errors import ArtifactsBusyError, HostError, NotWritableError, SettingsError
from stages.setting.programs import DOWNLOAD, MEASURING
from stages.settings import env_name
from tests.commands import Done, invoke, run, start_invoke
from tests.pipeline.conftest import PROJECT

pytestmark = pytest.mark.usefixtures("built")

WAITS = "trap 'exit 3' TERM; echo begun; sleep 60 & wait"
# More than the smallest memory that a container can have.
GREEDY = "import sys; sys.stdout.write('begun'); bytearray(500_000_000)"
# A container is gone in this time, with some to spare for a busy machine.
GONE_S = 15


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    folder = tmp_path / "artifacts"
    return artifacts_folder.prepare(folder, user.invoking_user())


@pytest.fixture
def variables(artifacts: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Variables by which train waits to be ended."""
    override = tmp_path / "override.yaml"
    let_train_run(override, "sh", "-c", WAITS)
    files = os.pathsep.join((str(COMPOSE_FILE), str(override)))
    own = {"STAGES_OVERRIDE": str(override), "COMPOSE_FILE": files}
    chosen = {**PROJECT, **own, env_name("artifacts"): str(artifacts)}
    yield chosen
    for name in containers(artifacts):
        run("docker", "rm", "--force", name)
    run("docker", "compose", "down", variables=chosen)


def let_train_run(override: Path, *command: str) -> None:
    override.write_text(yaml.safe_dump({"services": {"train": {"entrypoint": [*command]}}}))


def containers(artifacts: Path) -> list[str]:
    filters = ("--all", f"--filter=volume={artifacts}", "--format={{.Names}}")
    return run("docker", "ps", *filters).output.split()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_invoke_ends_its_container_and_leaves_none(
    signum: signal.Signals, variables: dict[str, str], artifacts: Path
) -> None:
    with start_invoke("train", variables=variables) as process:
        began = time.monotonic()
        process.send_signal(signum)
        process.send_signal(signum)
        assert process.stdout
        output = process.stdout.read()
        assert process.wait() == 128 + signum
    assert time.monotonic() - began < GONE_S
    assert output == f"train: ended by {signum.name}; finished artifacts are whole\n"
    assert containers(artifacts) == []


def test_what_a_killed_invoke_left_running_is_named_and_nothing_starts_beside_it(
    variables: dict[str, str], artifacts: Path
) -> None:
    with start_invoke("train", variables=variables) as process:
        os.killpg(process.pid, signal.SIGKILL)
    name = f"{project_name()}-train-{process.pid}"
    assert containers(artifacts) == [name]
    done = invoke("train", variables=variables)
    assert done.code == ArtifactsBusyError.exit_code, done
    assert f"end it: `docker rm --force {name}`" in done.error_lines[0]


def test_a_stage_that_its_memory_limit_ends_is_said_to_be(variables: dict[str, str]) -> None:
    let_train_run(Path(variables["STAGES_OVERRIDE"]), "python3", "-c", GREEDY)
    done = invoke("train", variables={**variables, "STAGES_MEMORY": "256m"})
    assert done.code == HostError.exit_code, done
    assert "train was killed for want of memory, of which STAGES_MEMORY" in done.error_lines[0]


def check(variables: dict[str, str], *options: str) -> Done:
    command = ("docker", "compose", "--progress=quiet", "run", "--rm", *options, "check")
    return run(*command, variables=variables)


def test_compose_refuses_settings_before_anything_runs(variables: dict[str, str]) -> None:
    misspelt = check(variables, "--env=VGG19_BATCHSIZE=8")  # as from .env
    assert misspelt.code == SettingsError.exit_code, misspelt
    assert "VGG19_BATCHSIZE is no setting" in misspelt.output
    done = run("docker", "compose", "up", variables={**variables, env_name("rounds"): "none"})
    assert done.code != 0, done
    assert "check: error: rounds can't be 'none'" in done.output
    assert "begun" not in done.output


def test_compose_names_a_folder_that_can_not_be_written(
    variables: dict[str, str], artifacts: Path
) -> None:
    os.chown(artifacts, 12345, 12345)
    artifacts.chmod(0o755)
    done = check(variables)
    assert done.code == NotWritableError.exit_code, done
    assert f"check: error: {artifacts} can't be written by user" in done.output
    done = run("docker", "compose", "up", "train", variables=variables)
    assert done.code != 0, done


def test_compose_opens_the_folder_of_the_locks_to_all_users(variables: dict[str, str]) -> None:
    done = run("docker", "compose", "run", "--rm", "locks", variables=variables)
    assert done.code == 0, done
    assert Path("/dev/shm/vgg19-locks").stat().st_mode & 0o7777 == 0o1777


def test_every_container_is_limited_as_the_engine_has_it(variables: dict[str, str]) -> None:
    every = ("--profile=peers", "--profile=doctor")
    limited = {
        **variables,
        "STAGES_MEMORY": "2g",
        "STAGES_CGROUP_PARENT": read_info().root_cgroup,
        "STAGES_CPU_SHARES": "2048",
    }
    created = run("docker", "compose", *every, "create", variables=limited)
    assert created.code == 0, created
    names = run("docker", "compose", *every, "ps", "--all", "--quiet", variables=limited)
    for container in json.loads(run("docker", "inspect", *names.output.split()).output):
        require_limits(container["HostConfig"])
        service = container["Config"]["Labels"]["com.docker.compose.service"]
        host = container["HostConfig"]
        first = (read_info().root_cgroup, 2048) if service in MEASURING else ("", 0)
        assert (host["CgroupParent"], host["CpuShares"]) == first
        places = {mount["Destination"]: mount["Source"] for mount in container["Mounts"]}
        assert places.pop("/locks", None) == (
            "/dev/shm/vgg19-locks" if service in (*MEASURING, "locks") else None
        )
        if service == DOWNLOAD:
            assert places.pop("/run/ca-bundle.pem")
        if service == TRAIN:  # nothing of the user's own was given
            for given in ("/given/backbone", "/given-model/model", "/given-data/data"):
                assert places.pop(given) == "/dev/null"
        assert set(places) <= {"/artifacts"}
    run("docker", "compose", *every, "down", variables=limited)


def require_limits(host: dict[str, Any]) -> None:
    assert host["Memory"] == host["MemorySwap"] == 2 * 2**30
    assert 0 < host["PidsLimit"] < 2**15
    assert host["Ulimits"] == [{"Name": "core", "Hard": 0, "Soft": 0}]
    assert host["Tmpfs"] == {"/tmp": "size=4g"}
    assert host["CapDrop"] == ["ALL"]
    assert host["CapAdd"] in (None, ["PERFMON"], ["CAP_PERFMON"])
    assert host["ReadonlyRootfs"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
