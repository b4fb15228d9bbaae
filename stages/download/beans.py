"""The files that tensorflow-datasets makes the set beans of, from wherever they can be had."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from stages.common.progress import Progress
from stages.download.content import why_not
from stages.download.limits import Wanted
from stages.download.mirror import mirrored
from stages.download.step import Get, Step, of_file
from stages.errors import DownloadError
from stages.files import left_overs, trees
from stages.folder import own_caches
from stages.folder.cache import Cache, is_intact

# The same files in the repository of the data set's makers.
MAKERS = "https://huggingface.co/datasets/AI-Lab-Makerere/beans/resolve/main/data/"


def steps(cache: Cache, mirror: str) -> Iterator[Step]:
    """Yield the steps for the files that are not there; their sha256 decides, not their address.

    Those that the user put into the folder `manual` come first. Raises DownloadError if one of
    them is another file.
    """
    if is_intact(cache.beans):
        return
    import tensorflow_datasets as tfds

    infos, silent = tfds.builder_cls("beans").url_infos, set[str]()
    for url, wanted in _wanted(infos, cache.manual).items():
        _require_folder(wanted, cache.manual)
        manual = cache.manual / infos[url].filename
        if os.path.lexists(manual):
            _require_manual(wanted, manual)
        else:
            path = _path_of(url, infos[url], cache.data_downloads / "beans")
            kept = own_caches.data_files("beans", manual.name, path.name)
            describe = partial(_describe, url, infos[url], path)
            found = [*of_file(mirrored(wanted, mirror, manual.name), path, kept, silent)]
            if not found:
                describe()
            for what, get in found:
                yield what, _then(get, describe)


def _wanted(infos: Mapping[str, Any], manual: Path) -> dict[str, Wanted]:
    names = sorted(info.filename for info in infos.values())
    by_hand = f"put {', '.join(names[:-1])} and {names[-1]} into {manual}"
    return {
        url: Wanted(
            url=url,
            copies=(MAKERS + info.filename,),
            what=f"{info.filename} of the data set beans",
            setting="data",
            max_bytes=int(info.size),
            size=int(info.size),
            digest=info.checksum,
            by_hand=by_hand,
        )
        for url, info in infos.items()
    }


def _require_manual(wanted: Wanted, path: Path) -> None:
    """Raise DownloadError if a file that the user put there is another: it would be read first."""
    if not path.is_file():
        raise DownloadError(f"{path} {_what_instead(path)}; remove it, or {wanted.by_hand}")
    with path.open("rb") as file:
        if failure := why_not(wanted, file):
            raise DownloadError(
                f"{path} is not {wanted.what}: {failure.cause}; remove it, or {wanted.by_hand}"
            )


def _require_folder(wanted: Wanted, manual: Path) -> None:
    """Raise DownloadError if something else has the name of the folder for what a user has."""
    if os.path.lexists(manual) and not manual.is_dir():
        instead = _what_instead(manual).replace("no file", "no folder")
        raise DownloadError(
            f"{manual} {instead}; remove it, and, if you have the files, {wanted.by_hand}"
        )


def _what_instead(path: Path) -> str:
    return "is no file" if path.exists() else "is a link that leads nowhere"


def _then(get: Get, describe: Callable[[], None]) -> Get:
    def both(progress: Progress) -> None:
        get(progress)
        describe()

    return both


def _path_of(url: str, info: Any, folder: Path) -> Path:
    """Return the path by which tensorflow-datasets looks for a file."""
    from tensorflow_datasets.core.download import resource

    path: Path = folder / resource.get_dl_fname(url, info.checksum)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _describe(url: str, info: Any, path: Path) -> None:
    """Write what tensorflow-datasets wants beside a file: where it came from."""
    from tensorflow_datasets.core.download import resource

    # Aside: tensorflow-datasets has a name of its own for an unfinished file, which a kill leaves.
    aside = left_overs.new_folder(path)
    resource.write_info_file(url, aside / path.name, "beans", info.filename, info)
    described = resource.get_info_path(aside / path.name)
    described.replace(resource.get_info_path(path))
    trees.remove(aside)
