"""The highest rate of the server scenario, by halving what is left between too high and valid."""

from stages.profile.rules import rules_of, server_load_of
from stages.profile.team import Team
from stages.records.profile import Server, ServerTest
from stages.settings import Settings

# The rate is then known to a 64th of the offline throughput.
HALVINGS = 6


def peak(team: Team, images: int, images_per_s: float, settings: Settings) -> Server:
    """Search below `images_per_s`, the offline throughput, over a split of so many `images`."""
    tests: list[ServerTest] = []
    valid, too_high = 0.0, images_per_s
    for number in range(1, HALVINGS + 1):
        rate = (valid + too_high) / 2
        tests.append(_test(team, images, rate, number, settings))
        if tests[-1].valid:
            valid = rate
        else:
            too_high = rate
    return Server(
        latency_bound_ms=settings.server_latency_ms,
        percentile=rules_of(settings).server_percentile,
        rate_per_s=valid,
        tests=tests,
    )


def _test(team: Team, images: int, rate: float, number: int, settings: Settings) -> ServerTest:
    asked = server_load_of(settings, rate, f"{team.name}/server-{number}")
    served = team.serve(asked, images)
    return ServerTest(
        target_per_s=rate,
        valid=served.valid,
        reasons=served.reasons,
        completed_per_s=served.completed_per_s,
        latency_ms=served.latency_ms,
        log=asked.folder,
    )
