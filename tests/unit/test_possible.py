"""What this machine can't do is said before anything is installed for it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from docker import local_runner, runners, running
from docker.host import venv
from stages import possible
from stages.common.host.topology import HERE
from stages.errors import HostError, NotWritableError, PinningError, StageError
from stages.possible import require_possible
from stages.settings import Settings

STAGES = ["train", "quantize", "profile", "compare"]
AVX2 = frozenset({"avx", "avx2", "fma", "f16c", "bmi1", "bmi2", "sse4_1", "sse4_2"})


@pytest.fixture(autouse=True)
def _of_avx2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(possible, "cpu_flags", lambda: AVX2)
    monkeypatch.setattr(possible, "choose_cores", lambda _: [0])


def settings(tmp_path: Path, **given: Any) -> Settings:
    locks = tmp_path / "locks"
    locks.mkdir(exist_ok=True)
    return Settings(**{"locks": locks, **given})


def test_a_pipeline_that_can_run_in_part_is_possible(tmp_path: Path) -> None:
    require_possible(settings(tmp_path), STAGES)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"isas": ("AVX512_CORE",)}, HostError, "no cell can run here .no avx512"),
        ({"num_instances": 2}, PinningError, "2 instances need 2 cores"),
        ({"locks": Path("/nonexistent/locks")}, NotWritableError, "is missing; make it"),
        ({"batch_size": 150}, HostError, "a batch of 150 images needs"),
    ],
)
def test_what_can_not_be_done_is_named(
    given: Mapping[str, Any],
    kind: type[StageError],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stages.common.host.memory.available", lambda *_: 2**30)
    with pytest.raises(kind, match=words):
        require_possible(settings(tmp_path, **given), STAGES)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"layouts": (1, 2)}, PinningError, "layouts 2 needs 2 cores, and there are 1"),
        ({"isas": ("AVX512_CORE",)}, HostError, "no cell can run here .no avx512"),
    ],
)
def test_a_sweep_of_what_is_not_there_is_named(
    given: Mapping[str, Any], kind: type[StageError], words: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=words):
        require_possible(settings(tmp_path, **given), ["sweep"])
    require_possible(settings(tmp_path, num_instances=2), ["sweep"])


@pytest.mark.parametrize("program", ["quantize", "rehearse"])
def test_a_cpu_that_is_too_old_is_named(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(possible, "cpu_flags", frozenset)
    with pytest.raises(HostError, match="no avx"):
        require_possible(settings(tmp_path), [program])


@pytest.mark.parametrize("program", ["doctor", "download", "train", "compare"])
def test_who_measures_nothing_is_not_refused(program: str, tmp_path: Path) -> None:
    require_possible(settings(tmp_path, isas=("AVX512_CORE",), locks=Path("/nowhere")), [program])


@pytest.mark.parametrize("runner", ["docker", "apptainer"])
@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"cores": "4000"}, PinningError, "cores 4000 are not among those available here"),
        ({"isas": "AVX512_CORE"}, HostError, "no cell can run here .no avx512"),
        ({"num_instances": "500"}, PinningError, "500 instances need 500 cores"),
    ],
)
def test_no_image_is_built_for_what_can_not_be_done(
    runner: str,
    given: dict[str, str],
    kind: type[StageError],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "require_inputs", lambda *_: None)
    with pytest.raises(kind, match=words):
        running.run_stages(STAGES, "pipeline", runner, given | {"artifacts": str(tmp_path / "a")})
    assert not (tmp_path / "a").exists()


def test_of_another_machine_that_an_engine_is_on_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = settings(tmp_path, cores="4000")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    runners.require_possible_by("docker", asked, STAGES)
    monkeypatch.delenv("DOCKER_HOST")
    with pytest.raises(PinningError, match="cores 4000"):
        runners.require_possible_by("docker", asked, STAGES)


def test_an_engine_may_use_cores_that_this_process_may_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cores = os.sched_getaffinity(0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {min(cores)})
    asked = settings(tmp_path, cores=str(max(HERE.online())))
    runners.require_possible_by("docker", asked, STAGES)
    if HERE.online()[1:]:
        with pytest.raises(PinningError, match="are not among those available here"):
            runners.require_possible_by("apptainer", asked, STAGES)


def test_no_environment_is_made_for_cores_that_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    made: list[Path] = []
    monkeypatch.setattr(venv, "get_or_create", lambda folder, *_: made.append(folder))
    monkeypatch.setattr(running, "require_inputs", lambda *_: None)
    given = {"cores": str(max(os.sched_getaffinity(0)) + 1), "artifacts": str(tmp_path / "art")}
    with pytest.raises(PinningError, match="are not among those available here"):
        running.run_stages(STAGES, "pipeline", "local", given)
    assert made == []
    assert runners.RUNNERS["local"] is local_runner.prepare_local
