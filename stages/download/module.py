"""A TF Hub module: from its hub or a mirror, or from where the user's own programs keep it."""

import os
import shutil
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from stages.common.progress import Progress
from stages.download.failures import place
from stages.download.fetch import fetch
from stages.download.limits import Wanted
from stages.download.mirror import mirrored, name_of_module
from stages.download.step import Step, show
from stages.errors import InputCorruptError
from stages.files.checksums import plain_files, read_checksums, sha256
from stages.files.limits import MAX_MODULE_BYTES, MAX_UNPACKED_BYTES
from stages.files.module_archive import holds_model, unpack
from stages.folder import own_caches
from stages.folder.cache import MODULE, Cache, holds_module, sign_module
from stages.folder.handover import handing_over
from stages.program.host_path import shown
from stages.program.naming import naming
from stages.setting.addresses import redacted_handle

# As TensorFlow Hub asks for a module: its server in China has another address for the file.
_HUB_IN_CHINA = "https://hub.tensorflow.google.cn/"
_FILES_IN_CHINA = "https://gcs.tensorflow.google.cn/tfhub-modules/"
_COMPRESSED = ("tf-hub-format", "compressed")


def steps(handle: str, cache: Cache, mirror: str) -> Iterator[Step]:
    """Yield the step for a module, unless it is there, intact."""
    folder = cache.module(handle)
    if holds_module(folder, handle):
        return
    wanted = mirrored(_wanted(handle), mirror, name_of_module(handle))
    for kept in own_caches.modules(handle):
        if _is_whole(kept, wanted.what):
            # Not its name, which is a digest of the handle with its password.
            yield f"{wanted.what} (from {kept.parent})", partial(_take, kept, handle, folder)
            return
    yield wanted.what, partial(_fetch, wanted, handle, folder)


def _wanted(handle: str) -> Wanted:
    what = f"the backbone {redacted_handle(handle)}"
    url = archive_of(handle)
    return Wanted(url=url, what=what, setting="backbone", max_bytes=MAX_MODULE_BYTES)


def archive_of(handle: str) -> str:
    """Return the address of a module's archive, as tensorflow_hub makes it of the handle."""
    if handle.startswith(_HUB_IN_CHINA):
        return f"{_FILES_IN_CHINA}{handle.removeprefix(_HUB_IN_CHINA)}.tar.gz"
    try:
        parts = urlsplit(handle)
    except ValueError:
        return handle  # what is wrong with it is said when it is asked for
    query = urlencode([*parse_qsl(parts.query), _COMPRESSED])
    return urlunsplit(parts._replace(query=query))


def _fetch(wanted: Wanted, handle: str, folder: Path, progress: Progress) -> None:
    with handing_over(folder) as made:
        archive = made / "archive"
        url = fetch(wanted, archive, show(progress), progress.note)
        unpack(archive, made / MODULE, f"what was downloaded from {place(url)}")
        archive.unlink()
        sign_module(made, handle)
        _say_if_changed(folder, made, progress)


def _take(kept: Path, handle: str, folder: Path, progress: Progress) -> None:
    with handing_over(folder) as made:
        for name in plain_files(kept):
            _copy(kept / name, made / MODULE / name)
        sign_module(made, handle)
        _say_if_changed(folder, made, progress)


def _copy(kept: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # By the name of the copy, as it is there that a disk may be full.
    with naming(path), kept.open("rb") as source, path.open("xb") as target:
        shutil.copyfileobj(source, target)


def _say_if_changed(folder: Path, made: Path, progress: Progress) -> None:
    """Say if a module is another than the one that was there, by the list that was kept of that."""
    try:
        earlier = read_checksums(folder, "")
    except (InputCorruptError, OSError):
        return
    names = {name for name in earlier if name.startswith(f"{MODULE}/")}
    here = {f"{MODULE}/{name}": sha256(made / MODULE / name) for name in plain_files(made / MODULE)}
    if names and here != {name: earlier[name] for name in names}:
        progress.note("this is another module than the one that was there before by this handle")


def _is_whole(folder: Path, what: str) -> bool:
    """Return whether a folder is a module of plain files; say so if it is there, and is none."""
    if not os.path.lexists(folder):
        return False
    try:
        whole = (
            _is_of_a_size(folder)
            and holds_model(folder)
            and all(map(partial(_is_plain, folder), plain_files(folder)))
        )
    except OSError:
        whole = False
    if not whole:
        why = "is a link" if folder.is_symlink() else "is not whole, or can't be read"
        print(shown(f"{what} in {folder.parent} {why}; not taken"))
    return whole


def _is_of_a_size(folder: Path) -> bool:
    """Return whether a folder takes no more than a module may, though it may have holes."""
    sizes = ((folder / name).lstat().st_size for name in plain_files(folder))
    return sum(sizes) <= MAX_UNPACKED_BYTES


def _is_plain(folder: Path, name: str) -> bool:
    mode = (folder / name).lstat().st_mode
    return stat.S_ISREG(mode) and os.access(folder / name, os.R_OK)
