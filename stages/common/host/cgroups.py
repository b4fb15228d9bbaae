"""What its control groups, a container's or others, let this process use of the machine.

Sources: Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst; proc(5).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stages.common.host.kernel_text import count_of, text_of, whole_of

# The inode of the first PID namespace, a constant of the kernel's (PROC_PID_INIT_INO).
FIRST_PID_NAMESPACE = "pid:[4026531836]"
# Version 1 has no word for unlimited, only a number beyond any machine.
NO_LIMIT = 2**60


@dataclass(frozen=True, slots=True)
class Cgroups:
    """The groups that this process is in, by the files of `proc`, and their folder."""

    proc: Path = Path("/proc")
    folder: Path = Path("/sys/fs/cgroup")

    def memory_limit(self) -> int | None:
        """Return the smallest limit in bytes, None if there is none."""
        return min((limit for limit, _ in self._memory()), default=None)

    def memory_left(self) -> int | None:
        """Return the bytes left in the tightest group, None if there is no limit.

        Cached file content that the kernel can drop does not count as used.
        """
        left = (max(0, limit - _used(group)) for limit, group in self._memory())
        return min(left, default=None)

    def oom_kills(self) -> int | None:
        """Return how many processes of this group the kernel has killed for want of memory.

        Be it at a limit or because the machine had none left; None if that is not shown.
        """
        files = ("memory.events", "memory.oom_control")
        paths = (group / name for group in self._groups("memory") for name in files)
        counts = (count_of(path, "oom_kill") for path in paths)
        return next((count for count in counts if count is not None), None)

    def shortages(self) -> dict[Path, int | None]:
        """Return how often no memory was left within each limit, by the folder of its group.

        Version 1 does not count that.
        """
        return {group: count_of(group / "memory.events", "oom") for _, group in self._memory()}

    def exhausted_limit(self, before: Mapping[Path, int | None]) -> int | None:
        """Return the limit within which no memory was left since `before`, what `shortages` gave.

        In bytes; None if there was some within each. A group that does not count it may be it.
        """
        now = self.shortages()
        spent = {group for group, count in now.items() if _has_grown(count, before.get(group))}
        return min((limit for limit, group in self._memory() if group in spent), default=None)

    def cpu_quota(self) -> float | None:
        """Return how many CPUs' time may be used, None if that is not limited."""
        quotas = (_quota(group) for group in self._groups("cpu"))
        return min((quota for quota in quotas if quota), default=None)

    def quota_periods(self) -> int:
        """Return in how many periods a quota was used up so far, 0 if that is not shown."""
        stats = (group / "cpu.stat" for group in self._groups("cpu"))
        return sum(count_of(path, "nr_throttled") or 0 for path in stats)

    def in_container(self) -> bool:
        """Return whether this process has a PID namespace of its own, as containers do."""
        try:
            return str((self.proc / "self/ns/pid").readlink()) != FIRST_PID_NAMESPACE
        except OSError:
            return False

    def _memory(self) -> Iterator[tuple[int, Path]]:
        """Yield the limit of each group that has one, and its folder."""
        for group in self._groups("memory"):
            for name in ("memory.max", "memory.limit_in_bytes"):
                limit = whole_of(text_of(group / name))
                if limit is not None and limit < NO_LIMIT:
                    yield limit, group

    def _groups(self, controller: str) -> Iterator[Path]:
        """Yield this process's group under `controller`, and those around it: each may limit it."""
        for line in text_of(self.proc / "self/cgroup").splitlines():
            parts = line.split(":", 2)
            if len(parts) < 3:
                continue
            _, names, group = parts
            if not names or controller in names.split(","):
                root = self.folder / controller if names else self.folder
                inner = Path(*(part for part in group.split("/") if part not in ("", "..")))
                # A container may see the path that its group has on the host; then only the last
                # of these, the container's own root, is there.
                yield from (root / path for path in (inner, *inner.parents))


HERE = Cgroups()


def _used(group: Path) -> int:
    """Return the bytes that a group uses and can't drop, 0 if that is not shown."""
    names = ("memory.current", "memory.usage_in_bytes")
    used = next(filter(None, (whole_of(text_of(group / name)) for name in names)), 0)
    return max(0, used - (count_of(group / "memory.stat", "inactive_file") or 0))


def _has_grown(count: int | None, before: int | None) -> bool:
    return count is None or count > (before or 0)


def _quota(group: Path) -> float | None:
    words = text_of(group / "cpu.max").split()
    if not words:
        words = [text_of(group / name) for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")]
    quota, period = [whole_of(word) for word in words] if len(words) == 2 else (None, None)
    return quota / period if quota and period else None
