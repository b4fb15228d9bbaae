"""What the settings need from a network, and where it goes."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from stages.common.progress import Progress
from stages.download.fetch import Show, fetch, has_content
from stages.download.limits import MAX_MODULE_BYTES, MB, Wanted
from stages.download.unpack import unpack
from stages.errors import InputCorruptError
from stages.files import left_overs, trees
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

Step = Callable[[Progress], None]


def steps(settings: Settings, cache: Cache) -> Iterator[tuple[str, Step]]:
    """Yield what is to be downloaded: its name for people, and a function that does it."""
    if settings.data == "beans":
        yield from _beans(cache)
    if settings.backbone == "imagenet" and not is_intact(cache.imagenet):
        yield from _file(WEIGHTS, cache.weights)
    handle = settings.backbone
    if is_remote(handle) and not holds_module(cache.module(handle), handle):
        wanted = _module(handle)
        yield wanted.what, partial(_fetch_module, wanted, handle, cache.module(handle))


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
        fetch(wanted, archive, _show(progress), progress.note)
        unpack(archive, made / MODULE)
        archive.unlink()
        sign_module(made, handle)


def _file(wanted: Wanted, path: Path) -> Iterator[tuple[str, Step]]:
    """Yield the step for a file whose checksum is known, unless it is there."""
    if has_content(wanted, path):
        return
    if path.exists():
        print(f"{path} is damaged; downloading it again", flush=True)
    yield wanted.what, lambda progress: fetch(wanted, path, _show(progress), progress.note)


def _beans(cache: Cache) -> Iterator[tuple[str, Step]]:
    """Yield the steps for the files that tensorflow-datasets makes the set beans of.

    It looks for each under a name of its own, with a file beside it that says where it came from.
    """
    if is_intact(cache.beans):
        return
    import tensorflow_datasets as tfds

    for url, info in tfds.builder_cls("beans").url_infos.items():
        manual = cache.data_downloads / "manual" / info.filename
        wanted = Wanted(
            url=url,
            what=f"{info.filename} of the data set beans",
            setting="data",
            max_bytes=int(info.size),
            size=int(info.size),
            digest=info.checksum,
        )
        if manual.exists():
            _require_manual(wanted, manual)
            continue
        yield from _beans_file(wanted, info, cache.data_downloads)


def _require_manual(wanted: Wanted, path: Path) -> None:
    if not has_content(wanted, path):
        raise InputCorruptError(
            f"{path} is not {wanted.what}: its {wanted.algorithm} is another; "
            "remove it, or get it again"
        )


def _beans_file(wanted: Wanted, info: Any, folder: Path) -> Iterator[tuple[str, Step]]:
    from tensorflow_datasets.core.download import resource

    path = folder / "beans" / resource.get_dl_fname(wanted.url, wanted.digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Aside: tensorflow-datasets has a name of its own for an unfinished file, which a kill leaves.
    aside = left_overs.new_folder(path)
    resource.write_info_file(wanted.url, aside / path.name, "beans", info.filename, info)
    described = resource.get_info_path(aside / path.name)
    described.replace(resource.get_info_path(path))
    trees.remove(aside)
    yield from _file(wanted, path)


def _show(progress: Progress) -> Show:
    return lambda done, total: progress.update(done // MB, total // MB)
