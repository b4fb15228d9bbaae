"""What another program says, as it may be shown: on one line, not too long, without secrets."""

from stages.program.printable import printable
from stages.setting.addresses import redacted

MAX_SAID = 200
NO_REASON = "it does not say why"


def shown(text: str, limit: int = MAX_SAID) -> str:
    """Return all that was said, cut at `limit` characters."""
    return printable(redacted(" ".join(text.split())), limit)


def last_line(text: str, otherwise: str = NO_REASON, limit: int = MAX_SAID) -> str:
    """Return the last line that has words, which is where programs say why; or `otherwise`."""
    lines = [line for line in text.splitlines() if line.strip()]
    return shown(lines[-1], limit) if lines else otherwise
