"""Each kind of field of every record is edited, by someone who makes all hashes fit again."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stages.artifacts import Artifacts
from stages.errors import StageError
from stages.evidence import beside, check
from stages.evidence.collect import ARTIFACTS_FOLDER, collect
from stages.files.checksums import write_checksums
from tests.unit.evidence.believed import BELIEVED, believed
from tests.unit.evidence.parts import few_resamples, pipeline, refit


def both(artifacts: Artifacts) -> None:
    check.check_profile(artifacts, "itex")
    check.check_comparison(artifacts)


SECTIONS: dict[str, Callable[[Artifacts], object]] = {
    "train": check.check_train,
    "quantize": lambda artifacts: check.check_quantize(artifacts, "itex"),
    "profile": both,
    "compare": check.check_comparison,
    "peers": beside.check_peers,
    "rehearse": beside.check_rehearsal,
    "sweep": lambda artifacts: beside.check_sweep(artifacts, "itex"),
}


def paths(value: Any, path: str = "") -> Iterator[str]:
    """Yield the path to each number, text and truth value within a record."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from paths(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from paths(part, f"{path}.{index}")
    elif value is not None:
        yield path


def kinds(record: Any) -> dict[str, str]:
    """Return one path for each kind of field but settings; all items of a list are of one kind."""
    record["maker"]["settings"] = {}
    by_kind: dict[str, str] = {}
    for path in paths(record):
        by_kind.setdefault(re.sub(r"\.\d+", "[]", path), path)
    return by_kind


def edited(record: Any, path: str) -> Any:
    """Return the record with another value at a path."""
    changed = json.loads(json.dumps(record))
    *keys, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    parent = changed
    for key in keys:
        parent = parent[key]
    value = parent[last]
    if isinstance(value, bool):
        parent[last] = not value
    else:
        parent[last] = f"{value}x" if isinstance(value, str) else value + 1
    return changed


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("edits")
    with few_resamples():
        collect(pipeline(folder / "artifacts"), folder / "bundle")
        write_checksums(folder / "bundle")
        yield folder / "bundle"


@pytest.mark.parametrize("name", BELIEVED)
def test_an_edited_figure_is_rejected_though_all_hashes_fit(bundle: Path, name: str) -> None:
    path, section = bundle / ARTIFACTS_FOLDER / name, SECTIONS[name.partition("/")[0]]
    text = path.read_text()
    accepted = []
    for kind, field in kinds(json.loads(text)).items():
        path.write_text(json.dumps(edited(json.loads(text), field)))
        refit(bundle, path)
        try:
            section(Artifacts(bundle / ARTIFACTS_FOLDER))
            accepted.append(kind)
        except StageError:
            pass
    path.write_text(text)
    refit(bundle, path)
    section(Artifacts(bundle / ARTIFACTS_FOLDER))
    globs = believed(name)
    assert [kind for kind in accepted if not any(glob.fullmatch(kind) for glob in globs)] == []
    assert [glob for glob in globs if not any(glob.fullmatch(kind) for kind in accepted)] == []
