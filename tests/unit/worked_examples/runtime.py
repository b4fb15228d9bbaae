"""Run in a copy of the tree to which `nothing` was added: every part that knows runtimes does."""

import os
import tempfile
from pathlib import Path

import numpy as np

from docker.build.graph import read_all, read_stages
from docker.build.layers import build_stages_of, layers_of
from docker.build.requirements import RESOLUTIONS
from docker.local_runner import VENVS
from stages.artifacts import Artifacts
from stages.command_line import load
from stages.common.worker.client import WorkerProcess
from stages.common.worker.interleave import take_turns
from stages.common.worker.protocol import Job, Turn
from stages.compare.effects import compare
from stages.compare.table import render
from stages.runtimes import get_runtime
from stages.samples import Samples
from tests.unit.compare.profiles import profiled
from tests.unit.records import measured, profile

NUMACTL = '#!/bin/sh\nshift 2; exec "$@"\n'


def main() -> None:
    """Go through the layout and the stages with the new runtime."""
    assert load({}, {"runtime": "nothing"}).runtime == "nothing"
    assert Artifacts(Path("a")).profile("nothing").path.name == "profile-nothing"
    _has_images()
    _has_an_environment()
    _holds_a_model()
    _is_shown()
    print("all as it should be")


def _has_images() -> None:
    images = {stage.name: stage.image for stage in read_stages({"VGG19_RUNTIME": "nothing"})}
    assert images["quantize"] == "vgg19-quantize-nothing"
    assert images["profile"] == "vgg19-profile-nothing"
    assert {"vgg19-profile-nothing", "vgg19-profile-stock"} <= {stage.image for stage in read_all()}
    assert build_stages_of("profile-nothing") == ["user", "nothing", "profile-nothing"]
    assert layers_of("profile-nothing") == ["base", "user", "nothing", "app"]


def _has_an_environment() -> None:
    assert RESOLUTIONS["nothing"] == ("nothing",)
    folder, locks = VENVS["nothing"]
    assert (folder.name, locks) == (".venv-nothing", ("build", "nothing"))


def _holds_a_model() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "numactl").write_text(NUMACTL)
        (folder / "numactl").chmod(0o755)
        images = np.zeros((4, 224, 224, 3), np.uint8)
        Samples(images, np.array([0, 1, 0, 1])).save(folder / "test.npz")
        job = Job(
            name="nothing",
            backend=get_runtime("nothing").backend,
            model="",
            precision="fp32",
            images=str(folder / "test.npz"),
            cores=sorted(os.sched_getaffinity(0)),
        )
        parent = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
        with WorkerProcess(job, folder / "log", 60, parent=parent) as worker:
            (rounds,) = take_turns([worker], Turn(2, 0.01), 2)
        assert len(rounds) == 2


def _is_shown() -> None:
    cell = measured("fp32", "AVX2", 5.0)
    profiles = [profile(cell, runtime=runtime) for runtime in ("itex", "nothing")]
    record = compare(profiled(*profiles))
    assert [row.runtime for row in record.rows] == ["itex", "nothing"]
    assert " nothing " in render(record, {})


if __name__ == "__main__":
    main()
