"""The architectures that families.py tries, by their names in Keras."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """An architecture: the height and width of its images, and what it does to pixels itself.

    `is_scaled_before`: it expects -1 to 1, so that a layer before it must scale them.
    """

    size: int = 224
    is_scaled_before: bool = True


FAMILIES = {
    "MobileNetV2": Family(),
    "ResNet50": Family(),
    "EfficientNetB0": Family(is_scaled_before=False),
    "DenseNet121": Family(),
    "InceptionV3": Family(size=299),
}
