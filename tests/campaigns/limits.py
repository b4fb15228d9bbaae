"""Limits that the kernel keeps: of memory, by a control group; of disk, by a file system in memory.

Both need root; without it, the tries that need them are skipped with that reason.
"""

import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from tests.campaigns.tries import Bench, NotTriedError

ROOT_GROUP = Path("/sys/fs/cgroup")
MIB = 2**20
# A page of a file system in memory is the least that it can be short of.
PAGE = 4096


def memory_group(bench: Bench, limit_bytes: int) -> Path:
    """Return a control group that limits memory; it is removed when the try has ended."""
    version_1 = ROOT_GROUP / "memory"
    group = (version_1 if version_1.is_dir() else ROOT_GROUP) / f"vgg19-campaign-{os.getpid()}"
    names = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.max")
    try:
        group.mkdir(exist_ok=True)
        bench.ending.append(lambda: _remove(group))
        limits = [group / name for name in names if (group / name).exists()]
        for path in limits:
            path.write_text(str(limit_bytes))
    except OSError as error:
        raise NotTriedError(f"no control group for memory ({error})") from None
    if not limits:
        raise NotTriedError("no control group for memory")
    return group


def _remove(group: Path) -> None:
    for _ in range(20):
        with suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.1)


class SmallDisk:
    """A file system in memory at `folder`, whose size can be changed while it is in use."""

    def __init__(self, bench: Bench, folder: Path, size_bytes: int) -> None:
        if os.getuid() != 0:
            raise NotTriedError("only root can mount a file system")
        self.folder = folder
        folder.mkdir(parents=True)
        if not _mount("-t", "tmpfs", "-o", f"size={size_bytes}", "campaign", str(folder)):
            raise NotTriedError("no file system can be mounted here")
        bench.ending.append(self._discard)

    def leave_free(self, free_bytes: int) -> None:
        """Make it so small that this many bytes are free."""
        self.resize(self.used_bytes() + max(free_bytes, PAGE))

    def resize(self, size_bytes: int) -> None:
        """Give it another size, at least that of what is in it."""
        if not _mount("-o", f"remount,size={size_bytes}", str(self.folder)):
            raise NotTriedError("the file system can't be made smaller")

    def used_bytes(self) -> int:
        """Return how many bytes its files take."""
        state = os.statvfs(self.folder)
        return (state.f_blocks - state.f_bfree) * state.f_frsize

    def _discard(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], capture_output=True)


def _mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True).returncode == 0
