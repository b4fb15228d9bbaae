"""The highest rate of the server scenario, by halving what is left between too high and valid."""

from stages.measure.loadgen import reasons_of
from stages.profile.rules import server_load_of
from stages.profile.serving import server_of
from stages.profile.team import Team
from stages.records.profile import Server
from stages.settings import Settings

# The rate is then known to a 64th of the offline throughput.
HALVINGS = 6


def peak(team: Team, images: int, images_per_s: float, settings: Settings) -> Server:
    """Search below `images_per_s`, the offline throughput, over a split of so many `images`."""
    details = {}
    valid, too_high = 0.0, images_per_s
    for number in range(1, HALVINGS + 1):
        rate = (valid + too_high) / 2
        asked = server_load_of(settings, rate, f"{team.name}/server-{number}")
        details[asked.folder] = team.serve(asked, images)
        if reasons_of(details[asked.folder]):
            too_high = rate
        else:
            valid = rate
    return server_of(details)
