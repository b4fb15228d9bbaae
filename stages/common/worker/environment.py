"""The environment of a measuring process, built from nothing but what is named here."""

from collections.abc import Mapping

from stages.precisions import get_precision
from stages.runtimes import SWITCHES

# What finds the interpreter and its packages, and a place for temporary files. None of these
# steers a computation.
PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "HOME", "USER", "TMPDIR", "LANG")

# Bound threads and a block time keep OpenMP's threads from migrating and sleeping between layers.
THREADS = {
    "TF_NUM_INTEROP_THREADS": "1",
    "KMP_BLOCKTIME": "1",
    "KMP_AFFINITY": "granularity=fine,compact,1,0",
    "PYTHONHASHSEED": "0",
}


def worker_environment(
    parent: Mapping[str, str], precision: str, isa: str | None, threads: int, *, verbose: bool
) -> dict[str, str]:
    """Return the whole environment for `precision` capped at `isa` with `threads` threads.

    None leaves oneDNN uncapped. `verbose` turns its log on, for a proof run.
    """
    built = {name: parent[name] for name in PASSED_ON if name in parent}
    built |= SWITCHES | THREADS
    built |= {"OMP_NUM_THREADS": str(threads), "TF_NUM_INTRAOP_THREADS": str(threads)}
    built |= get_precision(precision).switches
    built |= {"ONEDNN_MAX_CPU_ISA": isa} if isa else {}
    built |= {"ONEDNN_VERBOSE": "1", "ONEDNN_VERBOSE_TIMESTAMP": "1"} if verbose else {}
    return built
