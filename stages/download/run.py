"""What the settings need from a network, and where it goes."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from stages.common.progress import Progress
from stages.download import beans
from stages.download.fetch import fetch
from stages.download.limits import MAX_MODULE_BYTES, MB, Wanted
from stages.download.mirror import mirrored, name_of_module
from stages.download.step import Step, of_file, show
from stages.download.unpack import unpack
from stages.folder.cache import MODULE, Cache, holds_module, is_intact, sign_module
from stages.folder.handover import handing_over
from stages.setting.addresses import is_remote, redacted_handle
from stages.settings import Settings

# What tf_keras.applications.vgg19 downloads, and the checksum that it compares: it has no other.
WEIGHTS = Wanted(
    url="https://storage.googleapis.com/tensorflow/keras-applications/vgg19/"
    "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
    what="the ImageNet weights of VGG19",
    setting="backbone",
    max_bytes=100 * MB,
    algorithm="md5",
    digest="253f8cb515780f3b799900260a226db6",
)
# As TensorFlow Hub asks for a module: its server in China has another address for the file.
_HUB_IN_CHINA = "https://hub.tensorflow.google.cn/"
_FILES_IN_CHINA = "https://gcs.tensorflow.google.cn/tfhub-modules/"
_COMPRESSED = ("tf-hub-format", "compressed")


def steps(settings: Settings, cache: Cache) -> Iterator[Step]:
    """Yield what is to be downloaded: its name for people, and a function that does it."""
    mirror = settings.download_mirror
    if settings.data == "beans":
        yield from beans.steps(cache, mirror)
    if settings.backbone == "imagenet" and not is_intact(cache.imagenet):
        yield from of_file(_weights(cache, mirror), cache.weights)
    handle = settings.backbone
    if is_remote(handle) and not holds_module(cache.module(handle), handle):
        wanted = mirrored(_module(handle), mirror, name_of_module(handle))
        yield wanted.what, partial(_fetch_module, wanted, handle, cache.module(handle))


def _weights(cache: Cache, mirror: str) -> Wanted:
    place = cache.weights
    wanted = replace(WEIGHTS, by_hand=f"put {place.name} into {place.parent}")
    return mirrored(wanted, mirror, place.name)


def _module(handle: str) -> Wanted:
    what = f"the backbone {redacted_handle(handle)}"
    return Wanted(
        url=_archive_of(handle), what=what, setting="backbone", max_bytes=MAX_MODULE_BYTES
    )


def _archive_of(handle: str) -> str:
    """Return the address of a module's archive, as tensorflow_hub makes it of the handle."""
    if handle.startswith(_HUB_IN_CHINA):
        return f"{_FILES_IN_CHINA}{handle.removeprefix(_HUB_IN_CHINA)}.tar.gz"
    try:
        parts = urlsplit(handle)
    except ValueError:
        return handle  # what is wrong with it is said when it is asked for
    query = urlencode([*parse_qsl(parts.query), _COMPRESSED])
    return urlunsplit(parts._replace(query=query))


def _fetch_module(wanted: Wanted, handle: str, folder: Path, progress: Progress) -> None:
    with handing_over(folder) as made:
        archive = made / "archive"
        fetch(wanted, archive, show(progress), progress.note)
        unpack(archive, made / MODULE)
        archive.unlink()
        sign_module(made, handle)
