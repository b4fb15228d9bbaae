"""Where artifacts lie, what data and model are, and how the head is trained."""

from dataclasses import dataclass
from pathlib import Path

from stages.setting import ranges, values
from stages.setting.addresses import (
    recorded_handle,
    recorded_model,
    redacted_address,
)
from stages.setting.programs import DOWNLOAD, PEERS, PROGRAMS, SWEEP
from stages.setting.spec import Spec, choices, decimal, path, setting, whole

_ALL = "0 takes all of embedded and beans, of other data at most"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfData:
    """Settings of the artifacts, the data, the backbone and the head."""

    artifacts: Path = path(
        "artifacts",
        "folder that the stages share; relative to where you are as a flag of invoke, to the clone "
        "as a variable",
        *PROGRAMS,
    )
    force: tuple[str, ...] = choices(
        (),
        values.PRODUCTS,
        "make these again, though nothing that they depend on has changed",
        *values.PRODUCTS,
        alters=False,
    )
    data: str = setting(
        "embedded",
        Spec(
            "data set to train, tune and test on",
            (DOWNLOAD, "train"),
            values.read_data,
            values.is_data,
            "embedded, beans, the name of a set of tensorflow-datasets, or a path that begins with "
            "/, ./, ../ or ~",
            values.DATA_SETS,
            recorded=values.recorded_data,
        ),
    )
    backbone: str = setting(
        "embedded",
        Spec(
            "frozen network below the new head",
            (DOWNLOAD, "train"),
            values.read_backbone,
            values.is_backbone,
            "embedded, imagenet, downloaded, or a TF Hub handle or path (with a '/')",
            values.BACKBONES,
            recorded=recorded_handle,
            show=redacted_address,
        ),
    )
    model: str = setting(
        "",
        Spec(
            "trained classifier of your own, of which nothing is trained, in place of backbone "
            "and head",
            ("train",),
            values.read_local,
            allowed="a path: of a .keras or .h5 file, a SavedModel's folder, or a .tar.gz of it",
            recorded=recorded_model,
        ),
    )
    preprocessing: str = setting(
        "none",
        Spec(
            "what the given model expects to be done to images",
            ("train",),
            values.read_preprocessing,
            lambda name: name in values.PREPROCESSINGS,
            " or ".join(values.PREPROCESSINGS),
            values.PREPROCESSINGS,
        ),
    )
    download_mirror: str = setting(
        "",
        Spec(
            "mirror of your own, asked first for what is downloaded: the address under which the "
            "same files lie",
            (DOWNLOAD,),
            values.read_mirror,
            lambda address: not (address and values.why_no_mirror(address)),
            "an address such as https://HOST/FOLDER",
            alters=False,
            show=redacted_address,
        ),
    )
    seed: int = whole(
        0,
        ranges.SEED,
        "seed of the embedded data and backbone, of which images are taken of other data, and of "
        "the turns' order",
        "train",
        "profile",
        SWEEP,
    )
    train_samples: int = whole(
        0,
        ranges.IMAGES,
        f"training images, those to calibrate with included; {_ALL} 2000, or 4 of each class",
        "train",
    )
    validation_samples: int = whole(
        0, ranges.IMAGES, f"validation images; {_ALL} 500, or 1 of each class", "train"
    )
    test_samples: int = whole(
        0, ranges.IMAGES, f"test images; {_ALL} 500, or 1 of each class", "train"
    )
    calibration_samples: int = whole(
        32,
        ranges.CALIBRATION,
        "training images set aside to calibrate INT8 with",
        "train",
        "quantize",
        PEERS,
    )
    epochs: int = whole(300, ranges.EPOCHS, "epochs of the new head", "train")
    learning_rate: float = decimal(
        0.05, ranges.LEARNING_RATE, "learning rate of the new head", "train"
    )

    def samples(self) -> dict[str, int]:
        """Return how many images are asked for by split; 0 is the usual number."""
        return {
            "train": self.train_samples,
            "validation": self.validation_samples,
            "test": self.test_samples,
        }
