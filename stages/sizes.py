"""Whether there are images enough for what is asked, in the same words wherever that is checked."""

from stages.errors import SettingsError


def require_batch(setting: str, size: int, split: str, images: int) -> None:
    """Raise SettingsError if a split has too few images for a batch as `setting` asks for."""
    if size > images:
        raise SettingsError(f"{setting} {size} exceeds the {images} {split} images; give less")


def require_calibration(asked: int, images: int) -> None:
    """Raise SettingsError if train set aside fewer images than INT8 is to be calibrated with."""
    if asked > images:
        raise SettingsError(
            f"calibration_samples {asked} exceeds the {images} images that train set aside; "
            f"run train with VGG19_CALIBRATION_SAMPLES={asked}, or ask for less"
        )


def require_rehearsed(size: int, asked: int, images: int) -> None:
    """Raise SettingsError if too few test images are taken to rehearse with for a batch.

    All `images` are taken if 0 are `asked` for.
    """
    taken = min(asked or images, images)
    if size > taken:
        larger = ", or a larger rehearse_samples" if taken < images else ""
        raise SettingsError(
            f"batch_size {size} exceeds the {taken} images to rehearse with; give less{larger}"
        )


def too_few_to_train(images: int, calibration: int) -> SettingsError:
    """Return the error to raise if setting images aside leaves not one of each class."""
    return SettingsError(
        f"{images} training images are too few to set {calibration} aside for calibration; "
        "raise train_samples or lower calibration_samples"
    )
