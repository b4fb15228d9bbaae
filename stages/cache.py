"""The cache in the artifacts: its paths, and folders in it that are made once and checksummed.

Its folders are made again if they are damaged.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from stages import artifacts
from stages.errors import InputCorruptError, InputMissingError
from stages.handover import handing_over
from stages.host_path import as_on_host
from stages.printable import printable


@dataclass(frozen=True, slots=True)
class Cache:
    """Where downloads, and what train makes of them, are kept between runs.

    `root` is what Artifacts.cache gives.
    """

    root: Path

    @property
    def weights(self) -> Path:
        """The file of the ImageNet weights, by the name that Keras gives it."""
        return self.root / "keras" / "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"

    @property
    def imagenet(self) -> Path:
        """The backbone that train makes of the ImageNet weights."""
        return self.backbone("imagenet")

    def backbone(self, name: str) -> Path:
        """Return the folder of a backbone that train makes."""
        return self.root / "backbones" / name

    @property
    def data_downloads(self) -> Path:
        """Where tensorflow-datasets looks for downloaded files, and for `manual` ones below."""
        return self.root / "data" / "downloads"

    @property
    def beans(self) -> Path:
        """The data set beans as tensorflow-datasets prepares it."""
        return self.root / "data" / "beans"

    def bean_leaves(self, config: str) -> Path:
        """Return where the embedded data set is kept, as drawn for a configuration of that name."""
        return self.root / "data" / "bean_leaves" / config

    def module(self, handle: str) -> Path:
        """Return where a TF Hub module is kept, which is in the folder MODULE in it."""
        return self.root / "hub" / hashlib.sha1(handle.encode(), usedforsecurity=False).hexdigest()


# Apart from the list of checksums, so that a module may have files of any name.
MODULE = "module"


def cached(folder: Path, make: Callable[[Path], None], required: Iterable[str] = ()) -> str:
    """Return `folder`; `make` fills it first if it is missing or differs from its checksums.

    It is made again, too, if one of the files `required` is not there. Raises NotWritableError if
    something else has its name.
    """
    if not is_intact(folder, required):
        with handing_over(folder) as partial:
            make(partial)
    return str(folder)


def is_intact(folder: Path, required: Iterable[str] = ()) -> bool:
    """Return whether a folder is as it was made; say so if it is there, but damaged."""
    try:
        artifacts.verify(folder, required)
    except InputMissingError:
        return False
    except InputCorruptError:
        print(printable(as_on_host(f"{folder} is damaged; making it again")), flush=True)
        return False
    return True
