"""Odd values in each record: refused in one line, or no figure changes."""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from stages.artifacts import Artifacts
from stages.compare.effects import compare
from stages.compare.inputs import read_profiles
from stages.compare.table import render
from stages.errors import exit_code_of
from stages.evidence.check import check
from stages.evidence.collect import ARTIFACTS_FOLDER, collect
from stages.files.checksums import write_checksums
from tests.mutations import Mutation, Place, mutated, mutations
from tests.unit.evidence.believed import believed
from tests.unit.evidence.parts import few_resamples, pipeline

# There are some 17000, which take an hour; a campaign of many hours tries them.
EVERY = 149
CODES = (0, 3, 4, 5, 6)
PROFILE = "profile/measurements.json"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("mutations")
    with few_resamples():
        collect(pipeline(folder / "artifacts"), folder / "bundle")
        write_checksums(folder / "bundle")
        yield folder / "bundle"


def problem_of(run: Callable[[], object], capsys: pytest.CaptureFixture[str]) -> str:
    """Return what is wrong with how a program ended, `accepted` if it did its work."""
    code = exit_code_of("verify", lambda: [run()].clear())
    printed = capsys.readouterr().err
    if code == 0:
        return "accepted"
    one_line = printed.count("\n") == 1 and printed[:-1].isprintable()
    return "" if code in CODES and one_line else f"code {code}: {printed[-300:]}"


def is_believed(mutation: Mutation) -> bool:
    """Return whether no sample shows the field, or another one that it holds or is in."""
    kind = re.sub(r"\.\d+", "[]", ".".join(map(str, mutation.place)))
    globs = believed(mutation.record)
    return any(glob.fullmatch(f"{kind}{inner}") for glob in globs for inner in ("", ".x", "[]"))


def compared(bundle: Path) -> str:
    """Compare what is in a bundle, as the stage does, and return its text."""
    profiles = read_profiles(Artifacts(bundle / ARTIFACTS_FOLDER))
    text = render(compare(profiles), {read.runtime: read.summaries for read in profiles})
    assert "\x1b" not in text
    return text


def test_no_odd_value_brings_a_stage_down_or_changes_a_figure(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = []
    for mutation in islice(mutations(bundle), 0, None, EVERY):
        restore = mutated(bundle, mutation)
        problem = problem_of(lambda: check(bundle), capsys)
        if problem == "accepted" and is_believed(mutation):
            problem = ""
        if mutation.record == PROFILE:
            of_compare = problem_of(lambda: compared(bundle), capsys)
            problem += of_compare if of_compare != "accepted" else ""
        if problem:
            wrong.append(f"{mutation.name}: {problem}")
        restore()
    assert wrong == []
    check(bundle)


@pytest.mark.parametrize(
    "place",
    [
        ("host", "cpu_model"),
        ("cells", 0, "proof", "kernels", 0, "implementation"),
        ("backbone", "name"),
        ("host", "versions", "python"),
    ],
)
def test_what_a_record_says_steers_no_terminal(bundle: Path, place: Place) -> None:
    odd = Mutation(PROFILE, place, '"\\u001b[2Jx\\nverify: well"')
    restore = mutated(bundle, odd)
    text = compared(bundle)
    restore()
    assert r"\x1b[2Jx\nverify: well" in text
