"""A step of download: one file whose checksum is known, brought to its place."""

from collections.abc import Callable, Iterator
from pathlib import Path

from stages.common.progress import Progress
from stages.download.content import has_content
from stages.download.fetch import Show, fetch
from stages.download.limits import MB, Wanted
from stages.program.host_path import shown

# Its name for people, and a function that carries it out.
Step = tuple[str, Callable[[Progress], None]]


def of_file(wanted: Wanted, path: Path) -> Iterator[Step]:
    """Yield the step for a file that is to be at `path`, unless it is there."""
    if has_content(wanted, path):
        return
    if path.exists():
        print(shown(f"{path} is damaged; downloading it again"), flush=True)
    yield wanted.what, lambda progress: fetch(wanted, path, show(progress), progress.note)


def show(progress: Progress) -> Show:
    """Return what shows, in MB, how far a download is."""
    return lambda done, total: progress.update(done // MB, total // MB)
