"""What the settings of several programs must agree on, checked before the first of them runs."""

from collections.abc import Collection, Mapping

from stages.errors import SettingsError
from stages.setting.programs import PEERS, REHEARSE
from stages.settings import Settings
from stages.sizes import require_batch, require_calibration, require_rehearsed, too_few_to_train

# Images of each split; of ibean's, a few may be left out as repeats.
SPLIT_SIZES = {
    "embedded": {"train": 384, "validation": 150, "test": 150},
    "beans": {"train": 1034, "validation": 133, "test": 128},
}
# Both data sets have as many. Training needs an image of each.
CLASSES = 3
# The split that a program classifies in batches, and the setting that says how large these are.
BATCHED = {
    "quantize": ("batch_size", "validation"),
    "profile": ("batch_size", "test"),
    PEERS: ("batch_sizes", "test"),
}
CALIBRATING = ("quantize", PEERS)


def require_agreement(settings: Settings, programs: Collection[str]) -> None:
    """Raise SettingsError if train would have too few images, or leave too few for a program.

    Raises it, too, for what is said of a model that is not given.
    """
    if "train" not in programs:
        return
    if settings.preprocessing != "none" and not settings.model:
        raise SettingsError(
            f"preprocessing {settings.preprocessing} is for a model that is given; give model, too"
        )
    images = images_of(settings, "train")
    if images - settings.calibration_samples < CLASSES:
        raise too_few_to_train(images, settings.calibration_samples)
    for program, (setting, split) in BATCHED.items():
        size, images = _largest(settings, setting), images_of(settings, split)
        if program in programs and size > images:
            raise SettingsError(
                f"{setting} {size} exceeds the {images} {split} images that train would leave "
                f"{program}; give less, or raise {split}_samples"
            )
    if REHEARSE in programs:
        images = images_of(settings, "test")
        require_rehearsed(settings.batch_size, settings.rehearse_samples, images)


def require_enough(
    settings: Settings, programs: Collection[str], images: Mapping[str, int]
) -> None:
    """Raise SettingsError if train left too few images for a program, as the program itself would.

    `images` are their numbers by split; one that is not known is not checked.
    """
    if "calibration" in images and {*CALIBRATING} & {*programs}:
        require_calibration(settings.calibration_samples, images["calibration"])
    for program, (setting, split) in BATCHED.items():
        if program in programs and split in images:
            require_batch(setting, _largest(settings, setting), split, images[split])
    if REHEARSE in programs and "test" in images:
        require_rehearsed(settings.batch_size, settings.rehearse_samples, images["test"])


def images_of(settings: Settings, split: str) -> int:
    """Return how many images a split has, at most."""
    size: int = SPLIT_SIZES[settings.data][split]
    asked: int = getattr(settings, f"{split}_samples")
    # The embedded data set is drawn as large as it is asked for.
    return asked or size if settings.data == "embedded" else min(asked or size, size)


def _largest(settings: Settings, setting: str) -> int:
    """Return the size of the largest batch that a setting asks for."""
    sizes = getattr(settings, setting)
    return max(sizes) if isinstance(sizes, tuple) else int(sizes)
