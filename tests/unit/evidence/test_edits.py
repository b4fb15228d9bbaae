"""Each kind of field of every record edited, by who makes all hashes fit again."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stages.artifacts import Artifacts
from stages.common import stats as intervals
from stages.errors import StageError
from stages.evidence import check
from stages.evidence.collect import WITHIN, collect
from stages.handover import write_checksums
from tests.unit.evidence.parts import pipeline, refit

# What no sample tells, and must be believed: names, origins, what a clock or a person said, what
# else happened on the host, and the samples themselves where no log has them, too.
TOLD = {
    "train/train.json": """
        maker.* data.* backbone.* classes[] conv_layers head.* seconds.* samples.calibration
        """,
    "quantize/quantize.json": """
        maker.* versions.* seconds trials[].seconds sensitivity[].op sensitivity[].divergence
        trials[].layers[].* variants[].layers[].op variants[].missing variants[].model
        """,
    "profile/measurements.json": """
        maker.* seconds *.load_seconds *.amx_busy.missing *.instances[].ended_s[]
        tried[].runs[].instances[].seconds[]
        tried[].runs[].steal tried[].runs[].throttle_events tried[].runs[].clock_step_s
        """,
    "profile/32.json": "maker.*",
    "profile/8.json": "maker.*",
    "compare/compare.json": "maker.*",
    "peers/peers.json": "maker.* seconds host.*",
}


def both(artifacts: Artifacts) -> None:
    check.check_profile(artifacts, "itex")
    check.check_comparison(artifacts)


SECTIONS: dict[str, Callable[[Artifacts], object]] = {
    "train": check.check_train,
    "quantize": lambda artifacts: check.check_quantize(artifacts, "itex"),
    "profile": both,
    "compare": check.check_comparison,
    "peers": check.check_peers,
}


def fields(value: Any, place: str = "") -> Iterator[str]:
    """Yield the way to each number, text and truth value within a record."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from fields(each, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from fields(each, f"{place}.{at}")
    elif value is not None:
        yield place


def kinds(record: Any) -> dict[str, str]:
    """Return one place for each kind of field, all of a list being of one kind, but of settings."""
    record["maker"]["settings"] = {}
    found: dict[str, str] = {}
    for place in fields(record):
        found.setdefault(re.sub(r"\.\d+", "[]", place), place)
    return found


def edited(record: Any, place: str) -> Any:
    """Return the record with another value at a place."""
    changed = json.loads(json.dumps(record))
    *way, last = [int(each) if each.isdigit() else each for each in place.split(".")]
    at = changed
    for each in way:
        at = at[each]
    value = at[last]
    if isinstance(value, bool):
        at[last] = not value
    else:
        at[last] = f"{value}x" if isinstance(value, str) else value + 1
    return changed


def told(name: str) -> list[re.Pattern[str]]:
    return [re.compile(re.escape(each).replace(r"\*", ".*")) for each in TOLD[name].split()]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("edits")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intervals, "RESAMPLES", 20)
        collect(pipeline(folder / "artifacts"), folder / "bundle")
        write_checksums(folder / "bundle")
        yield folder / "bundle"


@pytest.mark.parametrize("name", TOLD)
def test_an_edited_figure_is_rejected_though_all_hashes_fit(bundle: Path, name: str) -> None:
    path, section = bundle / WITHIN / name, SECTIONS[name.partition("/")[0]]
    text = path.read_text()
    taken = []
    for kind, place in kinds(json.loads(text)).items():
        path.write_text(json.dumps(edited(json.loads(text), place)))
        refit(bundle, path)
        try:
            section(Artifacts(bundle / WITHIN))
            taken.append(kind)
        except StageError:
            pass
    path.write_text(text)
    refit(bundle, path)
    section(Artifacts(bundle / WITHIN))
    assert [kind for kind in taken if not any(each.fullmatch(kind) for each in told(name))] == []
    assert [each for each in told(name) if not any(each.fullmatch(kind) for kind in taken)] == []
