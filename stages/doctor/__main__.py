"""`python -m stages.doctor`: whether this machine can make the full comparison."""

import os
import sys

from stages.command_line import for_stage
from stages.common.host.facts import describe_host
from stages.common.text import aligned
from stages.doctor.checks import (
    NO,
    Check,
    check_cores,
    check_counter,
    check_host,
    check_isas,
    check_memory_policy,
    check_neighbours,
    check_software,
)
from stages.errors import GIVE_UP_S, IncompleteHostError, exit_code_of
from stages.settings import Settings


def main() -> None:
    """Print all checks; raise IncompleteHostError if a full comparison is not possible."""
    settings = for_stage("doctor", sys.argv[1:], os.environ)
    checks = _checks(settings)
    print(aligned([(check.name, check.state, check.evidence) for check in checks]), flush=True)
    missing = [check.name for check in checks if check.state == NO]
    if missing:
        raise IncompleteHostError(
            f"no full comparison here: {', '.join(missing)}; the rest can be measured, "
            "or ask for less (VGG19_ISAS)"
        )
    print("doctor: a full comparison is possible")


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
        *check_neighbours(host.cores_pinned),
        check_software(host),
    ]


if __name__ == "__main__":
    sys.exit(exit_code_of("doctor", main, GIVE_UP_S))
