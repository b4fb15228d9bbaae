"""What must be the same for the figures of two runs to be compared, and what else differs."""

from collections.abc import Mapping

from stages.common.current import Facts, changes, machine_facts, value_in_words
from stages.profile.enough import OF_ROUNDS
from stages.program.printable import printable
from stages.records.base import Host
from stages.records.profile import ProfileRecord

SETTING = "setting"
# A record has the checksum of all that a stage left, its record among it, not that of the model.
ORIGIN = "origin of the model"
# Settings that say which cells are measured and in how many rounds, and those whose outcome is a
# condition itself: the runtime, and the layout.
OF_CELLS = ("isas", "precisions", "all_cells", "server_latency_ms")
OF_NO_FIGURE = (*OF_ROUNDS, *OF_CELLS, "runtime", "num_instances", "cores_per_instance")
# Settings, or differences, that a line names; it counts the others.
MAX_SAID = 3
# Characters of a value.
MAX_VALUE = 20


def unlike(before: ProfileRecord, after: ProfileRecord) -> list[tuple[str, str]]:
    """Return the kind of each condition that differs, and in words how it does.

    If one does, the two may not be compared; those of ORIGIN leave that open.
    """
    earlier, later = conditions(before), conditions(after)
    return [(kind, change) for kind in later for change in changes(earlier[kind], later[kind])]


def in_few_words(record: ProfileRecord, current: ProfileRecord) -> str:
    """Return in which settings a record differs from the current one, and in which conditions."""
    ours, theirs = conditions(record), conditions(current)
    kinds = [f"another {kind}" for kind in ours if kind != SETTING and ours[kind] != theirs[kind]]
    settings, others = record.maker.settings, current.maker.settings
    names = [name for name in {**settings, **others} if settings.get(name) != others.get(name)]
    names.sort(key=lambda name: name in OF_NO_FIGURE)  # what forbids to compare is said first
    said = [f"{name} {printable(value_in_words(settings.get(name)), MAX_VALUE)}" for name in names]
    count = len(said) - MAX_SAID
    more = [f"{count} more setting{'s' if count > 1 else ''}"] if count > 0 else []
    return ", ".join([*kinds, *said[:MAX_SAID], *more])


def conditions(record: ProfileRecord) -> Mapping[str, Facts]:
    """Return what measured times depend on beside chance, by kind."""
    settings, limit = record.maker.settings, record.host.memory_limit_gib
    return {
        "machine": {**machine_facts(record.host), **_size_facts(record.host)},
        "limit": {"memory": "none" if limit is None else f"{limit:.1f} GiB"},
        "runner": {"in a container": record.host.container},
        "model": {"runtime": record.runtime, "backbone": record.backbone.sha256},
        ORIGIN: {
            "what train left": record.train_sha256,
            "what quantize left": record.quantize_sha256,
        },
        "data": {"data": record.data.name, "its checksum": record.data.sha256},
        "program": {"this project": record.maker.version, "its source": record.maker.source},
        "version": {**record.host.versions, **record.maker.packages},
        SETTING: {name: value for name, value in settings.items() if name not in OF_NO_FIGURE},
        "layout": {
            "instances": record.layout.num_instances,
            "cores of each": record.layout.cores_per_instance,
        },
    }


def _size_facts(host: Host) -> Facts:
    """Return how large a machine is."""
    return {
        "memory": f"{host.memory_gib:.0f} GiB",
        "threads per core": host.topology.threads_per_core,
        "memory nodes": len(host.numa_nodes),
    }
