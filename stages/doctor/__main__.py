"""`python -m stages.doctor`: whether this machine can make the full comparison."""

import os
import sys
from collections.abc import Sequence

from stages.command_line import for_stage
from stages.common.host.facts import describe_host
from stages.common.text import aligned
from stages.doctor.checks import (
    NO,
    Check,
    cap_name,
    check_cores,
    check_counter,
    check_host,
    check_isas,
    check_memory_policy,
    check_neighbours,
    check_software,
)
from stages.doctor.memory_check import check_memory
from stages.errors import GIVE_UP_S, IncompleteHostError, exit_code_of
from stages.settings import Settings


def main() -> None:
    """Print all checks, and whether a full comparison is possible; end with code 18 if it is not.

    Raises IncompleteHostError if that is something to see to. An instruction set that the
    processor does not have is nothing that anyone did wrong, so it is no error.
    """
    settings = for_stage("doctor", sys.argv[1:], os.environ)
    checks = _checks(settings)
    print(aligned([(check.name, check.state, check.evidence) for check in checks]), flush=True)
    missing = [check.name for check in checks if check.state == NO]
    caps = [isa for isa in settings.isas if cap_name(isa) in missing]
    if others := [name for name in missing if name not in map(cap_name, caps)]:
        raise IncompleteHostError(
            f"not possible yet: {', '.join(others)}; these lines above say what to do"
        )
    if len(caps) == len(settings.isas):
        raise IncompleteHostError(
            "no instruction set that was asked for can run here; "
            "ask for others (VGG19_ISAS), or use another machine"
        )
    print(f"doctor: {_conclusion(caps)}", flush=True)
    if caps:
        sys.exit(IncompleteHostError.exit_code)


def _conclusion(missing: Sequence[str]) -> str:
    if not missing:
        return "a full comparison is possible"
    return f"this machine does not run {', '.join(missing)}; all else can be measured here"


def _checks(settings: Settings) -> list[Check]:
    pinning, cores = check_cores(settings.cores)
    # If none can be pinned, those that are allowed stand for them.
    host = describe_host(cores or sorted(os.sched_getaffinity(0)))
    return [
        *check_isas(settings.isas),
        check_counter(),
        pinning,
        *([check_memory_policy()] if cores else []),
        *check_host(host),
        check_memory(settings, host.cores_pinned),
        *check_neighbours(host.cores_pinned),
        check_software(host),
    ]


if __name__ == "__main__":
    sys.exit(exit_code_of("doctor", main, GIVE_UP_S))
