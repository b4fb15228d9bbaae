"""`python -m stages.doctor`: whether this machine can make the full comparison."""

import os
import sys

from stages.command_line import for_stage
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
    describe,
)
from stages.errors import IncompleteHostError, exit_code_of
from stages.settings import Settings


def main() -> None:
    """Print all checks; raise IncompleteHostError where a full comparison is not possible."""
    settings = for_stage("doctor", sys.argv[1:], os.environ)
    checks = _checks(settings)
    print(aligned([(each.name, each.state, each.evidence) for each in checks]), flush=True)
    missing = [each.name for each in checks if each.state == NO]
    if missing:
        raise IncompleteHostError(
            f"no full comparison here: {', '.join(missing)}; the rest can be measured, "
            "or ask for less (VGG19_ISAS)"
        )
    print("doctor: a full comparison is possible")


def _checks(settings: Settings) -> list[Check]:
    pinning, cores = check_cores(settings.cores)
    host = describe(cores)
    found = [*check_isas(settings.isas), check_counter(), *pinning]
    if cores:
        found.append(check_memory_policy())
    found += [*check_host(host), *check_neighbours(host.cores_pinned)]
    return [*found, check_software(host)]


if __name__ == "__main__":
    sys.exit(exit_code_of("doctor", main))
