"""The schemas: current, complete, valid themselves, and true of what is written."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from docker.paths import SCHEMAS
from docker.share.manifest import Manifest
from docker.share.schemas import MESSAGES, SUFFIX, WORKER, schema, text_of, titles, write
from stages.artifacts import Artifacts
from stages.common.worker import protocol
from stages.common.worker.protocol import (
    Job,
    LoadgenAnswer,
    LoadgenTest,
    Ready,
    Refusal,
    Trace,
    TraceAnswer,
)
from stages.records.base import SCHEMA_VERSION
from stages.records.measure import AmxBusy, NodeTime
from tests.unit import records
from tests.unit.evidence.parts import pipeline

GUIDE = (SCHEMAS.parent / "records.md").read_text()
# What msgspec adds, to distinguish one message from another.
TAG = "type"


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Artifacts:
    return pipeline(tmp_path_factory.mktemp("artifacts"))


def refusals(name: str, document: Any) -> list[str]:
    """Return what a schema has against a document."""
    validator = Draft202012Validator(schema(name))
    return [error.message for error in validator.iter_errors(as_json(document))]


def as_json(document: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(document))


def described(name: str) -> Iterator[tuple[str, Any]]:
    """Yield the name and the schema of each class and field."""
    for kind, part in schema(name)["$defs"].items():
        yield kind, part
        for field, of_field in part["properties"].items():
            if field != TAG:
                yield f"{kind}.{field}", of_field


def test_the_files_are_current() -> None:
    there = {path.name.removesuffix(SUFFIX): path.read_text() for path in SCHEMAS.iterdir()}
    assert there == {name: text_of(name) for name in titles()}, "run `invoke docs --write`"


@pytest.mark.parametrize("name", titles())
def test_each_class_and_field_says_what_it_is(name: str) -> None:
    assert [place for place, part in described(name) if not part.get("description")] == []


@pytest.mark.parametrize("name", titles())
def test_each_is_a_valid_schema_that_names_itself_and_its_version(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$id"].endswith(f":{SCHEMA_VERSION}:{name}")
    assert schema(name)["title"]


@pytest.mark.parametrize("name", titles())
def test_no_pattern_lets_a_newline_or_other_alphabets_digits_through(name: str) -> None:
    for pattern in re.findall(r'"pattern": ("[^\n]*")', json.dumps(schema(name), indent=1)):
        assert "\\d" not in json.loads(pattern)
        assert "$" not in json.loads(pattern).replace("$(?!\\n)", "")


def test_every_message_of_the_protocol_has_one() -> None:
    own = {kind for kind in vars(protocol).values() if isinstance(kind, type)}
    parts = {protocol.Asked, protocol.Worker}
    messages = {kind for kind in own if kind.__module__ == protocol.__name__} - parts
    assert set(MESSAGES) == messages


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("train", "train/train.json"),
        ("quantize", "quantize/quantize.json"),
        ("measurements", "profile/measurements.json"),
        ("summary", "profile/32.json"),
        ("summary", "profile/8.json"),
        ("compare", "compare/compare.json"),
        ("peers", "peers/peers.json"),
        ("sweep", "sweep/sweep.json"),
    ],
)
def test_a_file_conforms_to_its_schema(artifacts: Artifacts, name: str, path: str) -> None:
    assert refusals(name, json.loads((artifacts.root / path).read_text())) == []


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("train", records.train()),
        ("quantize", records.quantize(records.variant("int8", "left out"))),
        ("measurements", records.profile(records.measured("int8", "AVX2", 4.0))),
        (
            "manifest",
            Manifest(version="0.1.0", commit="", inputs={}, images={"a": "sha256:1"}, sources={}),
        ),
    ],
)
def test_a_record_conforms_to_its_schema(name: str, record: Any) -> None:
    assert refusals(name, record) == []


@pytest.mark.parametrize(
    "message",
    [
        Job(name="a", backend="null", model="m", precision="fp32", images="i", cores=[0, 1]),
        Ready(cores=[0], load_seconds=0.5, versions={"numpy": "2"}),
        LoadgenTest(scenario="server", target_per_s=2.0),
        LoadgenAnswer(
            valid=True, reasons=[], rate_per_s=0.0, seconds=[], ended_s=[], predictions=[2, -1]
        ),
        Trace(8),
        TraceAnswer(nodes=[NodeTime("a", 1.5, 0.0)], amx_busy=AmxBusy(missing="no flag")),
        Refusal(11, "cause; remedy"),
    ],
)
def test_a_message_conforms_to_its_schema(message: Any) -> None:
    own = {**schema(WORKER), "$ref": f"#/$defs/{type(message).__name__}"}
    validator = Draft202012Validator(own)
    assert [*validator.iter_errors(as_json(message))] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"accuracy": 1.5},
        {"throughput": -1.0},
        {"precision": "fp64"},
        {"isa": "SSE"},
        {"latency": None},
        {"schema_version": SCHEMA_VERSION - 1},
    ],
)
def test_a_schema_refuses_what_reading_refuses(artifacts: Artifacts, wrong: dict[str, Any]) -> None:
    summary = json.loads(artifacts.profile("itex").summary_int8.read_text())
    assert len(refusals("summary", summary | wrong)) == 1


@pytest.mark.parametrize("field", ["schema_version", "maker", "units"])
def test_a_schema_asks_for_every_field(artifacts: Artifacts, field: str) -> None:
    summary = json.loads(artifacts.profile("itex").summary_int8.read_text())
    del summary[field]
    assert refusals("summary", summary) == [f"'{field}' is a required property"]


def test_the_guide_names_every_file_s_schema() -> None:
    named = re.findall(r"^\|[^|]*json[^|]*\| `(\w+)` \|", GUIDE, re.MULTILINE)
    assert named == [name for name in titles() if name != WORKER]


def test_the_guide_s_python_runs(
    artifacts: Artifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "artifacts").symlink_to(artifacts.root)
    monkeypatch.chdir(tmp_path)
    for block in re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL):
        exec(compile(block, "docs/records.md", "exec"), {})


def test_a_bundle_gets_them_all(tmp_path: Path) -> None:
    write(tmp_path / "schemas")
    assert {path.name for path in (tmp_path / "schemas").iterdir()} == {
        f"{name}{SUFFIX}" for name in titles()
    }
