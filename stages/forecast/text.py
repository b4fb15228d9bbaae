"""A run as it would go, in lines for people."""

import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from stages.common.host.memory import GIB
from stages.common.text import hanging, when
from stages.doctor.memory_check import check_memory
from stages.folder.usable import resolved
from stages.forecast.cells import left_out_rows, timed_rows
from stages.forecast.duration import Duration, duration
from stages.forecast.standing import Standing, standings, this_host
from stages.setting.programs import DOWNLOAD
from stages.settings import Settings, downloads

# Bytes that the artifacts of the default settings take, by README.
ARTIFACTS_BYTES = 0.34e9


def forecast(
    settings: Settings,
    programs: Collection[str],
    more: Sequence[tuple[str, str]] = (),
    memory_limit: int | None = None,
) -> str:
    """Return what these stages would do here, with `more` rows of a name and a text.

    `memory_limit` is the bytes that a stage's container may take, None without one.

    Raises PinningError if the cores that were asked for are none.
    """
    host = this_host(settings)
    stages = standings(settings, programs, host)
    takes = duration(stages, host, settings)
    needs = [("disk", _disk(settings, stages)), *more, ("time", takes.in_all())]
    first = [_download(settings)] if DOWNLOAD in programs else []
    blocks = [first + [_stage(stage, takes) for stage in stages]]
    if any(stage.program == "profile" and stage.why for stage in stages):
        timed = timed_rows(settings)
        blocks += [timed, left_out_rows(settings)]
        memory = check_memory(settings, host.cores_pinned, memory_limit)
        needs = [(memory.name, memory.evidence), *needs] if timed else needs
    return "\n\n".join(map(hanging, filter(None, [*blocks, needs])))


def _stage(stage: Standing, takes: Duration) -> tuple[str, str]:
    if not stage.why:
        made = when(stage.record.maker.made) if stage.record else ""
        return stage.program, f"current, made {made}: nothing to do"
    return stage.program, f"runs, {takes.of(stage.program)}: {stage.why}"


def _download(settings: Settings) -> tuple[str, str]:
    wanted = " and ".join(downloads(settings))
    return DOWNLOAD, f"{wanted}: what is not in the cache; how long is the network's, not counted"


def _disk(settings: Settings, stages: Sequence[Standing]) -> str:
    place = resolved(settings.artifacts)
    free = f"{shutil.disk_usage(_existing(place)).free / GIB:.1f} GiB are free in {place}"
    if not any(stage.record is None for stage in stages):
        return f"about as much for the artifacts as now; {free}"
    size = f"{ARTIFACTS_BYTES / 1e9:.2f} GB"
    return f"about {size} for the artifacts, with as many images as by default; {free}"


def _existing(place: Path) -> Path:
    return next(path for path in (place, *place.parents) if path.is_dir())
