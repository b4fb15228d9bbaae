"""A data set of tensorflow-datasets: its files fetched by this program, and prepared in the cache.

What prepares it is the code of tensorflow-datasets for that set; nothing of what came is run.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stages.common.data_sets import builder_of, in_a_line, prepare
from stages.common.progress import Progress
from stages.download.limits import Wanted
from stages.download.mirror import mirrored
from stages.download.step import Step, of_file
from stages.errors import DataError, DiskFullError, DownloadError, StageError
from stages.files import trees
from stages.files.limits import GB
from stages.folder import own_caches
from stages.folder.cache import Cache, cached, is_intact
from stages.program import disk_space
from stages.setting.addresses import given_name

# The largest sets of images that are classified have some 150 GB.
MAX_BYTES = 200 * GB


def steps(name: str, cache: Cache, mirror: str) -> Iterator[Step]:
    """Yield the step for a data set that is not there.

    Raises SettingsError for a set that is not known, DataError for one that can't be trained on,
    DownloadError for one whose files must be got by hand.
    """
    builder = builder_of(name, cache.root / "data")
    folder = cache.data_set(builder.info.full_name)
    if is_intact(folder):
        return
    _require_by_hand(builder, cache)
    yield f"the data set {builder.info.full_name}", partial(_get, name, folder, cache, mirror)


def _require_by_hand(builder: Any, cache: Cache) -> None:
    """Raise DownloadError if a set's makers give its files to those alone who ask them."""
    if builder.MANUAL_DOWNLOAD_INSTRUCTIONS and not _any_in(cache.manual):
        raise DownloadError(
            f"the data set {builder.name} can't be downloaded by a program: "
            f"{in_a_line(builder.MANUAL_DOWNLOAD_INSTRUCTIONS)}; put its files into "
            f"{cache.manual}, or set data to embedded"
        )


def _any_in(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _get(name: str, folder: Path, cache: Cache, mirror: str, progress: Progress) -> None:
    """Fetch and prepare a set; its files are kept until it is whole, for another attempt."""

    def make(made: Path) -> None:
        builder = builder_of(name, made)
        scratch = made / "scratch"
        downloads = cache.data_downloads / builder.name
        try:
            with _said_of(name, folder):
                _prepare(builder, scratch, cache, mirror, progress)
        finally:
            for unfinished in downloads.glob("*.tmp.*"):
                trees.remove(unfinished)
        trees.remove(scratch)
        trees.remove(downloads)

    cached(folder, make)


def _prepare(builder: Any, scratch: Path, cache: Cache, mirror: str, progress: Progress) -> None:
    import tensorflow_datasets as tfds

    make_manager = builder._make_download_manager

    def manager(**given: Any) -> Any:
        made = make_manager(**given)
        # In place of its own, which knows neither our limits nor our mirror.
        made._DownloadManager__downloader = _Fetcher(builder, cache, mirror, progress)
        return made

    builder._make_download_manager = manager
    config = tfds.download.DownloadConfig(
        extract_dir=str(scratch), manual_dir=str(cache.manual), try_download_gcs=False
    )
    prepare(builder, download_dir=str(cache.data_downloads), download_config=config)


@contextlib.contextmanager
def _said_of(name: str, folder: Path) -> Iterator[None]:
    """Say of a set that can't be prepared, in a line, why."""
    try:
        yield
    except StageError:
        raise
    except Exception as error:
        if "Not enough disk space" in str(error):
            raise DiskFullError(f"{in_a_line(error)}; free some and run download again") from error
        if isinstance(error, OSError) or disk_space.is_said_by(error):
            raise
        if isinstance(error, ImportError):
            raise DataError(
                f"the data set {name} needs a package that is not there ({error.name}); give "
                "another set"
            ) from error
        raise DataError(
            f"the data set {name} can't be prepared ({in_a_line(error)}); give another set, or "
            f"remove {folder.parent.parent / 'downloads'} and run download again"
        ) from error


@dataclass(slots=True)
class _Fetcher:
    """Downloads for tensorflow-datasets, in its own terms, as all else is downloaded here."""

    builder: Any
    cache: Cache
    mirror: str
    progress: Progress

    @contextlib.contextmanager
    def tqdm(self) -> Iterator[None]:
        """Show no bar: the step has its own."""
        yield

    def increase_tqdm(self, _: Any) -> None:
        """Leave the bar, which there is none of."""

    def download(self, url: str, destination_path: Any, verify: bool = True) -> Any:
        """Fetch one file into a folder; return a promise of where it is and of its checksum."""
        from promise import Promise
        from tensorflow_datasets.core.download import checksums, downloader

        info = (self.builder.url_infos or {}).get(url)
        name = (info and info.filename) or given_name(Path(urlsplit(url).path))
        path = Path(destination_path) / name
        for what, step in of_file(self._wanted(url, info, name), path, self._kept(url, info)):
            self.progress.note(what)
            step(self.progress)
        known = info or checksums.compute_url_info(path)
        return Promise.resolve(downloader.DownloadResult(path=path, url_info=known))

    def _wanted(self, url: str, info: Any, name: str) -> Wanted:
        known = {"size": int(info.size), "digest": info.checksum} if info else {}
        wanted = Wanted(
            url=url,
            what=f"{name} of the data set {self.builder.name}",
            setting="data",
            max_bytes=int(info.size) if info else MAX_BYTES,
            by_hand=f"put {name} into {self.cache.manual}" if info else "",
            **known,
        )
        return mirrored(wanted, self.mirror, name)

    def _kept(self, url: str, info: Any) -> list[Path]:
        """Return where the user's own programs may have a file; one without a checksum is not."""
        from tensorflow_datasets.core.download import resource

        if not info:
            return []
        kept_as = resource.get_dl_fname(url, info.checksum)
        return own_caches.data_files(self.builder.name, info.filename or kept_as, kept_as)
