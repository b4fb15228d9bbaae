"""Damage to a file: a bit that is flipped, an end that is missing."""

from collections.abc import Sequence
from pathlib import Path

from stages.errors import (
    InputCorruptError,
    InputMissingError,
    InputStaleError,
    SchemaVersionError,
)
from tests.campaigns.product import finished
from tests.campaigns.tries import Bench, NotTriedError

# What refuses a file that is not as its stage left it.
REFUSALS = {
    kind.exit_code
    for kind in (InputMissingError, InputCorruptError, SchemaVersionError, InputStaleError)
}


def damage(bench: Bench, path: Path, label: str) -> None:
    """Flip one bit of a file, or cut off its end."""
    content = bytearray(path.read_bytes())
    if not content:
        raise NotTriedError(f"{label} is empty")
    offset = bench.dice.randrange(len(content))
    if bench.dice.random() < 0.25:
        kept = bench.dice.choice([0, len(content) - 1, offset])
        bench.done.append(f"{label}: cut off after {kept} of {len(content)} bytes")
        path.write_bytes(content[:kept])
        return
    bit = bench.dice.randrange(8)
    bench.done.append(f"{label}: bit {bit} of byte {offset} of {len(content)}")
    content[offset] ^= 1 << bit
    path.write_bytes(content)


def files_of(root: Path, patterns: Sequence[str]) -> list[Path]:
    found = {path for pattern in patterns for path in root.glob(pattern) if path.is_file()}
    if not found:
        raise NotTriedError(f"no file fits {patterns[0]}")
    return sorted(found)


def source_of(bench: Bench) -> Path:
    return finished(bench.options, bench.options.runners[-1])
