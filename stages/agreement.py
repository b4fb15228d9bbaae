"""What the settings of several programs must agree on, checked before the first of them runs."""

from collections.abc import Collection

from stages.errors import SettingsError
from stages.settings import Settings

# Images of each split; of ibean's, a few may be left out as repeats.
SPLIT_SIZES = {
    "embedded": {"train": 384, "validation": 150, "test": 150},
    "beans": {"train": 1034, "validation": 133, "test": 128},
}
# The split that a program classifies in batches of the size that is set.
BATCHED = {"quantize": "validation", "profile": "test"}


def require_agreement(settings: Settings, programs: Collection[str]) -> None:
    """Raise SettingsError if train would leave too few images for a program that follows it."""
    if "train" not in programs:
        return
    for program in (name for name in programs if name in BATCHED):
        split = BATCHED[program]
        images = images_of(settings, split)
        if settings.batch_size > images:
            raise SettingsError(
                f"batch_size {settings.batch_size} exceeds the {images} {split} images that train "
                f"would leave {program}; give less, or raise {split}_samples"
            )


def images_of(settings: Settings, split: str) -> int:
    """Return how many images a split has, at most."""
    size: int = SPLIT_SIZES[settings.data][split]
    asked: int = getattr(settings, f"{split}_samples")
    # The embedded data set is drawn as large as it is asked for.
    return asked or size if settings.data == "embedded" else min(asked or size, size)
