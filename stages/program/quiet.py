"""A program that is to be quiet: it says what is wrong, and its answer, and nothing else."""

import os
import sys
from collections.abc import Mapping
from typing import TextIO

# Set by who wants errors and the answer alone.
QUIET = "STAGES_QUIET"
# Where the answer goes, if all else that is printed goes nowhere.
_answers: list[TextIO] = []


def hush(environ: Mapping[str, str]) -> None:
    """Let what is printed from now on go nowhere, if the environment asks for that."""
    if environ.get(QUIET):
        _answers.append(sys.stdout)
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (to the end)


def answer(text: str) -> None:
    """Show the answer of a program that is quiet; one that is not has shown more."""
    if _answers:
        print(text, file=_answers.pop(), flush=True)
