"""What the settings of several programs must agree on, checked before the first of them runs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from stages.errors import SettingsError
from stages.pictures.given import plan_of
from stages.setting.programs import PEERS, REHEARSE, SWEEP
from stages.setting.values import is_data_path
from stages.settings import Settings
from stages.sizes import require_batch, require_calibration, require_rehearsed, too_few_to_train

# Images of each split; of ibean's, a few may be left out as repeats.
SPLIT_SIZES = {
    "embedded": {"train": 384, "validation": 150, "test": 150},
    "beans": {"train": 1034, "validation": 133, "test": 128},
}
# Both of them have as many. Training needs an image of each.
CLASSES = 3
# Any other data set has at least these.
MIN_CLASSES = 2
# The split that a program classifies in batches, and the setting that says how large these are.
BATCHED = {
    "quantize": ("batch_size", "validation"),
    "profile": ("batch_size", "test"),
    PEERS: ("batch_sizes", "test"),
    SWEEP: ("batch_sizes", "test"),
}
CALIBRATING = ("quantize", PEERS)


@dataclass(frozen=True, slots=True)
class Expected:
    """The images that train will have, at most, by split, and the number of their classes.

    A split of which nothing is known is not there.
    """

    images: Mapping[str, int]
    classes: int


def require_agreement(
    settings: Settings, programs: Collection[str], *, sees_data: bool = True
) -> None:
    """Raise SettingsError if train would have too few images, or leave too few for a program.

    Raises it, too, for what is said of a model that is not given. A folder of pictures is looked
    into if this program `sees_data`. Raises what `plan_of` does.
    """
    if "train" not in programs:
        return
    if settings.preprocessing != "none" and not settings.model:
        raise SettingsError(
            f"preprocessing {settings.preprocessing} is for a model that is given; give model, too"
        )
    expected = expected_of(settings, sees_data)
    train = expected.images.get("train")
    if train is not None and train - settings.calibration_samples < expected.classes:
        raise too_few_to_train(train, settings.calibration_samples)
    for program, (setting, split) in BATCHED.items():
        size, images = _largest(settings, program), expected.images.get(split)
        if program in programs and images is not None and size > images:
            raise SettingsError(
                f"{setting} {size} exceeds the {images} {split} images that train would leave "
                f"{program}; give less, or raise {split}_samples"
            )
    if REHEARSE in programs and "test" in expected.images:
        images = expected.images["test"]
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
            require_batch(setting, _largest(settings, program), split, images[split])
    if REHEARSE in programs and "test" in images:
        require_rehearsed(settings.batch_size, settings.rehearse_samples, images["test"])


def expected_of(settings: Settings, sees_data: bool = True) -> Expected:
    """Return how many images train will have, as far as that is known before it runs."""
    asked = settings.samples()
    if settings.data in SPLIT_SIZES and sees_data:
        sizes = SPLIT_SIZES[settings.data].items()
        # The embedded data set is drawn as large as it is asked for.
        drawn = settings.data == "embedded"
        images = {
            split: asked[split] or size if drawn else min(asked[split] or size, size)
            for split, size in sizes
        }
        return Expected(images, CLASSES)
    if is_data_path(settings.data) and sees_data:
        classes, plan = plan_of(settings.data, asked, settings.seed)
        return Expected(plan.sizes(), len(classes))
    return Expected({split: count for split, count in asked.items() if count}, MIN_CLASSES)


def _largest(settings: Settings, program: str) -> int:
    """Return the size of the largest batch that a program is to run.

    What peers and sweep take where no size is asked for, they cut to the images that there are.
    """
    if program in (PEERS, SWEEP):
        return max(settings.batch_sizes, default=1)
    return settings.batch_size
