"""How much a task shows of what it does, and whether it does it at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass

from stages.errors import SettingsError

HELP = {
    "quiet": "show errors and the answer alone",
    "verbose": "show what is said while images are built, in place of a file with it",
    "dry_run": "show what would be done and how long it would take, and do nothing of it",
}


@dataclass(frozen=True, slots=True)
class How:
    """What a task was asked beside its settings, by flags of these names."""

    quiet: bool = False
    verbose: bool = False
    dry_run: bool = False

    def require_possible(self) -> None:
        """Raise SettingsError if one contradicts another."""
        if self.quiet and self.verbose:
            raise SettingsError("quiet contradicts verbose; give one of them")
        if self.quiet and self.dry_run:
            raise SettingsError("quiet contradicts dry_run; give one of them")

    @contextmanager
    def hushed(self) -> Iterator[None]:
        """If it is to be quiet, let what this process prints go nowhere; stages go on to print."""
        if not self.quiet:
            yield
            return
        with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
            yield
