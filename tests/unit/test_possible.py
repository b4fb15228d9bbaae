"""What this machine can't do is said before anything is installed for it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from docker import local_runner, runners, running
from docker.host import venv
from stages import possible
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
