"""`python -m tests.fuzz EXAMPLES [ONLY]`: many inputs for each parser, and a table of them."""

import sys
import time

from stages.common.text import aligned
from tests.fuzz.catalogue import PARSERS
from tests.fuzz.parsers import Outcome, check


def main(examples: int, only: str) -> int:
    """Return 1 if a parser failed, or none has `only` in its name; else 0."""
    chosen = [parser for parser in PARSERS if only in parser.name]
    began = time.monotonic()
    outcomes: dict[str, Outcome] = {}
    for number, parser in enumerate(chosen, start=1):
        print(f"fuzz: {number}/{len(chosen)} {parser.name}", file=sys.stderr, flush=True)
        outcomes[parser.name] = check(parser, examples)
    print(table(outcomes, time.monotonic() - began))
    return 0 if chosen and not any(outcome.failures for outcome in outcomes.values()) else 1


def table(outcomes: dict[str, Outcome], seconds: float) -> str:
    """Return a line for each parser, the sum, and each failure with its input."""
    rows = [
        (name, f"{outcome.inputs}", f"{len(outcome.failures)}")
        for name, outcome in outcomes.items()
    ]
    inputs = sum(outcome.inputs for outcome in outcomes.values())
    failures = [(name, line) for name, outcome in outcomes.items() for line in outcome.failures]
    rows.append((f"all, in {seconds:.0f} s", f"{inputs}", f"{len(failures)}"))
    lines = [f"FAILED {name}: {line}" for name, line in failures]
    return "\n".join([aligned([("parser", "inputs", "failures"), *rows]), *lines])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
