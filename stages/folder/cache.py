"""The cache in the artifacts: its paths, and folders in it that are made once and checksummed.

Its folders are made again if they are damaged.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from stages import artifacts
from stages.errors import InputCorruptError, InputMissingError
from stages.folder.handover import handing_over
from stages.program.host_path import shown
from stages.program.printable import printable
from stages.setting.addresses import has_secrets, redacted_handle


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
    def manual(self) -> Path:
        """Where users put the files of beans that they got by other means."""
        return self.data_downloads / "manual"

    @property
    def beans(self) -> Path:
        """The data set beans as tensorflow-datasets prepares it."""
        return self.root / "data" / "beans"

    def data_set(self, full_name: str) -> Path:
        """Return where a set that has no name of ours is kept, by what its makers call it."""
        return self.root / "data" / "sets" / full_name.replace("/", "--")

    def bean_leaves(self, config: str) -> Path:
        """Return where the embedded data set is kept, as drawn for a configuration of that name."""
        return self.root / "data" / "bean_leaves" / config

    def module(self, handle: str) -> Path:
        """Return where a TF Hub module is kept, which is in the folder MODULE in it.

        It is the same for a handle without its secrets, which train knows alone.
        """
        key = hashlib.sha1(redacted_handle(handle).encode(), usedforsecurity=False).hexdigest()
        return self.root / "hub" / key

    @property
    def noted(self) -> Path:
        """Where download notes which backbone it was given: in the file HANDLE, without secrets."""
        return self.backbone("downloaded")


# Apart from the list of checksums, so that a module may have files of any name.
MODULE = "module"
# Beside a module: a digest of its handle, if that has secrets.
HANDLE = "handle"


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
        print(shown(f"{folder} is damaged; making it again"), flush=True)
        return False
    return True


def holds_module(folder: Path, handle: str) -> bool:
    """Return whether a folder has the module of a handle, intact; say so if it is another's.

    That of a handle without its secrets is whichever is there.
    """
    if not is_intact(folder):
        return False
    if has_secrets(handle) and not _is_digest_of(handle, folder / HANDLE):
        name = printable(redacted_handle(handle))
        print(f"what is there of {name} came by another name, password or query", flush=True)
        return False
    return True


def sign_module(folder: Path, handle: str) -> None:
    """Write, beside a module, what its handle is known by among those with other secrets."""
    if has_secrets(handle):
        salt = os.urandom(16)
        (folder / HANDLE).write_text(f"{salt.hex()} {_digest(handle, salt)}\n")


def note_backbone(cache: Cache, handle: str) -> None:
    """Leave for train which backbone was asked for, without secrets."""
    shown = redacted_handle(handle)
    if not is_intact(cache.noted, [HANDLE]) or noted_backbone(cache) != shown:
        with handing_over(cache.noted) as folder:
            (folder / HANDLE).write_text(shown, encoding="utf-8")


def noted_backbone(cache: Cache) -> str:
    """Return which backbone download was asked for last; InputMissingError if it never was."""
    if not is_intact(cache.noted, [HANDLE]):
        raise InputMissingError("no backbone was downloaded; run download first, or name one")
    return (cache.noted / HANDLE).read_text(encoding="utf-8")


def _is_digest_of(handle: str, path: Path) -> bool:
    try:
        salt, digest = path.read_text(encoding="utf-8").split()
        return hmac.compare_digest(digest, _digest(handle, bytes.fromhex(salt)))
    except (FileNotFoundError, ValueError, TypeError):
        return False


def _digest(handle: str, salt: bytes) -> str:
    """Return a digest from which a weak password is not found by trying: it takes long."""
    return hashlib.scrypt(handle.encode(), salt=salt, n=2**14, r=8, p=1).hex()
