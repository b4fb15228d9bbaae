"""Pictures from anywhere on this machine: by both runners and by compose."""

import struct
from pathlib import Path

import pytest

from stages.artifacts import Artifacts, read_record
from stages.records.train import TrainRecord
from stages.settings import env_name
from tests.commands import invoke, run
from tests.pipeline.conftest import PROJECT, PipelineRun, with_cache

SIZE = 16
CLASSES = ("roses", "tulips", "daisies")


def write_bitmap(path: Path, color: tuple[int, int, int]) -> None:
    """Write a picture of one colour, which takes no library."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = bytes(color) * SIZE * SIZE
    head = struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54)
    form = struct.pack("<IiiHHIIiiII", 40, SIZE, SIZE, 1, 24, 0, len(pixels), 2835, 2835, 0, 0)
    path.write_bytes(head + form + pixels)


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """A folder of pictures outside of all artifacts, each of another colour."""
    folder = tmp_path / "pictures" / "flowers"
    for label, name in enumerate(CLASSES):
        for number in range(60):
            write_bitmap(folder / name / f"{number}.bmp", (80 * label, number, 200))
    (folder / "roses" / "broken.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture
def root(by_invoke: PipelineRun, tmp_path: Path) -> Path:
    """An artifacts folder with the backbone of the first run."""
    return with_cache("backbones", by_invoke, tmp_path / "artifacts")


def trained(root: Path) -> TrainRecord:
    return read_record(Artifacts(root).train.record, TrainRecord)


def test_both_runners_read_the_same_pictures(
    flowers: Path, root: Path, tiny: dict[str, str]
) -> None:
    records = []
    for runner in ("docker", "local"):
        given = ("--runner", runner, "--artifacts", str(root), "--data", str(flowers))
        done = invoke("train", *given, "--force", "train", variables=tiny)
        assert done.code == 0, done
        records.append(trained(root))
    first, second = records
    assert (first.data.name, first.classes) == ("given/flowers", sorted(CLASSES))
    assert first.data == second.data
    assert first.data_files_sha256 == second.data_files_sha256 != ""


def test_compose_takes_them_by_a_variable_of_its_own(
    flowers: Path, root: Path, tiny: dict[str, str]
) -> None:
    paths = {"GIVEN_DATA": str(flowers), env_name("artifacts"): str(root)}
    variables = {**tiny, **PROJECT, **paths}
    done = run("docker", "compose", "run", "--rm", "train", variables=variables)
    run("docker", "compose", "down", variables=variables)
    assert done.code == 0, done
    assert trained(root).data.name == "given/data"
