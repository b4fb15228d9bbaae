"""What is checked before any tool runs, and what becomes of one that fails."""

from pathlib import Path

import numpy as np
import pytest

from stages.errors import HostError, ModelError, SettingsError, StageError
from stages.peers import convert as module
from stages.peers.__main__ import require_samples
from stages.peers.convert import Conversion, convert
from stages.peers.onnxruntime_models import CalibrationReader
from stages.samples import IMAGE_SHAPE, Samples, first_samples
from stages.settings import Settings
from stages.stage_folders import TrainFolder


def save(path: Path, count: int) -> Path:
    images = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones(IMAGE_SHAPE, np.uint8)
    Samples(images, np.arange(count)).save(path)
    return path


def test_the_first_samples_are_taken(tmp_path: Path) -> None:
    samples = first_samples(save(tmp_path / "calibration.npz", 3), 2)
    assert samples.labels.tolist() == [0, 1]
    assert len(samples.images) == 2


def test_too_few_calibration_images_are_no_silent_compromise(tmp_path: Path) -> None:
    path = save(tmp_path / "calibration.npz", 3)
    with pytest.raises(SettingsError, match="calibration_samples 4 exceeds the 3 images"):
        first_samples(path, 4)


def test_a_batch_needs_as_many_test_images(tmp_path: Path) -> None:
    train = TrainFolder(tmp_path)
    save(train.calibration, 2)
    save(train.test, 3)
    require_samples(Settings(calibration_samples=2, batch_sizes=(1, 3)), train)
    with pytest.raises(SettingsError, match="batch_sizes 4 exceeds the 3 test images"):
        require_samples(Settings(calibration_samples=2, batch_sizes=(1, 4)), train)


def test_a_split_without_images_is_no_model_to_measure(tmp_path: Path) -> None:
    train = TrainFolder(tmp_path)
    save(train.calibration, 2)
    save(train.test, 0)
    with pytest.raises(ModelError, match="holds no image"):
        require_samples(Settings(calibration_samples=2), train)


def test_calibration_images_come_one_by_one(tmp_path: Path) -> None:
    samples = first_samples(save(tmp_path / "calibration.npz", 2), 2)
    reader = CalibrationReader(samples, "images")
    batches = [reader.get_next(), reader.get_next()]
    assert [batch["images"].shape for batch in batches if batch] == [(1, *IMAGE_SHAPE)] * 2
    assert reader.get_next() is None


@pytest.mark.parametrize(
    ("peer", "samples", "kind"),
    [("no_such_peer", 1, ModelError), ("no_such_peer", 9, SettingsError)],
)
def test_a_tool_that_fails_shows_its_last_words(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    peer: str,
    samples: int,
    kind: type[StageError],
) -> None:
    conversion = Conversion(
        peer=peer,
        saved_model="model",
        calibration=str(save(tmp_path / "calibration.npz", 2)),
        calibration_samples=samples,
        folder=str(tmp_path / "models" / peer),
    )
    with pytest.raises(kind, match="making the models of no_such_peer ended with code"):
        convert(conversion)
    assert "error" in capsys.readouterr().err
    assert (tmp_path / "models" / peer / "convert.log").is_file()


class Killed:
    """What the kernel counted while a child ran: that it killed it for want of memory."""

    def how_killed(self) -> str:
        return "was killed at its memory limit of 6.0 GiB"


@pytest.mark.parametrize(
    ("code", "said", "message"),
    [
        (-9, "", "making the models of openvino was killed at its memory limit"),
        (-6, "what(): std::bad_alloc", "ended by SIGABRT, as no memory was left"),
        (1, "RuntimeError: std::bad_alloc", "ended with code 1, as no memory was left"),
    ],
)
def test_a_tool_without_memory_is_no_failure_of_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, said: str, message: str
) -> None:
    def run(job: str, log: Path) -> int:
        log.write_text(said)
        return code

    monkeypatch.setattr(module, "_run_child", run)
    monkeypatch.setattr(module, "OomKills", Killed)
    conversion = Conversion(
        peer="openvino",
        saved_model="model",
        calibration="images",
        calibration_samples=1,
        folder=str(tmp_path / "models"),
    )
    with pytest.raises(HostError, match=message):
        convert(conversion)
