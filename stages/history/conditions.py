"""What must be the same for the figures of two runs to be compared, and what else differs."""

from collections.abc import Mapping

from stages.common.current import Facts, changes, machine_facts, value_in_words
from stages.records.profile import ProfileRecord

# Settings, or differences, that a line names; it counts the others.
MAX_SAID = 3


def unlike(before: ProfileRecord, after: ProfileRecord) -> list[str]:
    """Return in words each condition that differs, so that the two may not be compared."""
    earlier, later = _conditions(before), _conditions(after)
    return [f"{kind}: {change}" for kind in later for change in changes(earlier[kind], later[kind])]


def in_few_words(record: ProfileRecord, current: ProfileRecord) -> str:
    """Return in which settings a record differs from the current one, and in which conditions."""
    ours, theirs = _conditions(record), _conditions(current)
    kinds = [f"another {kind}" for kind in ours if ours[kind] != theirs[kind]]
    settings, others = record.maker.settings, current.maker.settings
    names = [name for name in {**settings, **others} if settings.get(name) != others.get(name)]
    said = [f"{name} {value_in_words(settings.get(name))}" for name in names]
    more = [f"{len(said) - MAX_SAID} more settings"] if len(said) > MAX_SAID else []
    return ", ".join([*kinds, *said[:MAX_SAID], *more])


def _conditions(record: ProfileRecord) -> Mapping[str, Facts]:
    """Return what measured times depend on beside chance, by kind."""
    sizes = {cell.measurement.offline.batch_size for cell in record.cells if cell.measurement}
    return {
        "machine": {**machine_facts(record.host), "memory": f"{record.host.memory_gib:.0f} GiB"},
        "model": {
            "runtime": record.runtime,
            "what train left": record.train_sha256,
            "what quantize left": record.quantize_sha256,
        },
        "version": {**record.host.versions, **record.maker.packages},
        "batch size": {"batch size": ",".join(map(str, sorted(sizes)))},
        "layout": {
            "instances": record.layout.num_instances,
            "cores of each": record.layout.cores_per_instance,
        },
    }
