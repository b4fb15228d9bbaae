"""What can't go together is refused before the first program runs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.agreement import require_agreement
from stages.errors import SettingsError
from stages.setting.programs import STAGES
from stages.settings import Settings
from tests.unit.pictures.folders import folder_with, names


def test_a_batch_that_train_leaves_too_few_images_for_is_refused_before_train() -> None:
    few = Settings(batch_size=4, test_samples=2)
    with pytest.raises(SettingsError, match="4 exceeds the 2 test images that train would leave"):
        require_agreement(few, STAGES)
    require_agreement(few, ["train"])
    require_agreement(few, ["profile"])  # which counts the images that there are
    require_agreement(Settings(batch_size=151, test_samples=151, validation_samples=151), STAGES)
    with pytest.raises(SettingsError, match="151 exceeds the 128 test images"):
        require_agreement(
            Settings(data="beans", batch_size=151, test_samples=500), ["train", "profile"]
        )
    for program in ("peers", "sweep"):  # which cut their own
        require_agreement(Settings(test_samples=31), ["train", program])
        with pytest.raises(SettingsError, match="batch_sizes 64 exceeds the 31 test images"):
            require_agreement(Settings(test_samples=31, batch_sizes=(64,)), ["train", program])
    with pytest.raises(SettingsError, match=r"8 exceeds the 7 images .*a larger rehearse_samples"):
        require_agreement(Settings(rehearse_samples=7), ["train", "rehearse"])


@pytest.mark.parametrize(
    ("given", "images"),
    [
        ({"train_samples": 34}, 34),
        ({"calibration_samples": 382}, 384),
        ({"data": "beans", "train_samples": 5000, "calibration_samples": 1032}, 1034),
    ],
)
def test_what_would_leave_nothing_to_train_on_is_refused_before_train(
    given: dict[str, Any], images: int
) -> None:
    settings = Settings(**given)
    with pytest.raises(SettingsError, match=f"{images} training images are too few to set"):
        require_agreement(settings, ["train"])
    require_agreement(settings, ["quantize"])
    one_less = settings.calibration_samples - 1
    require_agreement(replace(settings, calibration_samples=one_less), ["train"])


def test_the_pictures_of_a_folder_are_counted_before_train(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, [*names("roses", 30), *names("tulips", 30)])
    own = Settings(data=str(folder), calibration_samples=8)
    require_agreement(own, STAGES)
    with pytest.raises(SettingsError, match="10 exceeds the 9 validation images that train"):
        require_agreement(replace(own, batch_size=10), STAGES)
    with pytest.raises(SettingsError, match="42 training images are too few to set 41 aside"):
        require_agreement(replace(own, calibration_samples=41), STAGES)
    require_agreement(replace(own, batch_size=10), STAGES, sees_data=False)
    with pytest.raises(SettingsError, match="4 exceeds the 3 test images"):
        require_agreement(replace(own, batch_size=4, test_samples=3), STAGES, sees_data=False)


def test_of_a_set_by_its_name_only_what_is_asked_for_is_known() -> None:
    require_agreement(Settings(data="tf_flowers", batch_size=300), STAGES)
    with pytest.raises(SettingsError, match="8 exceeds the 7 test images"):
        require_agreement(Settings(data="tf_flowers", test_samples=7), STAGES)
