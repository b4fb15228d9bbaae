"""The JSON Schemas of all records, of a bundle's manifest and of the worker's protocol.

docs/schemas has them as files, a bundle, too; `invoke schema` prints them.
"""

from pathlib import Path
from typing import Any, get_args

import msgspec

from docker.share.manifest import Manifest
from stages.common.text import aligned
from stages.common.worker import protocol
from stages.errors import SettingsError
from stages.records.base import SCHEMA_VERSION
from stages.records.compare import CompareRecord
from stages.records.fields import ADDED
from stages.records.peers import PeersRecord
from stages.records.profile import ModelSummary, ProfileRecord
from stages.records.quantize import QuantizeRecord
from stages.records.rehearse import RehearsalRecord
from stages.records.sweep import SweepRecord
from stages.records.train import TrainRecord
from stages.setting.suggestion import quoted

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SUFFIX = ".schema.json"
# In place of a name: all of them.
ALL = "all"
# What one JSON document is, by the name of its schema.
DOCUMENTS: dict[str, type] = {
    "train": TrainRecord,
    "quantize": QuantizeRecord,
    "measurements": ProfileRecord,
    "summary": ModelSummary,
    "compare": CompareRecord,
    "peers": PeersRecord,
    "rehearsal": RehearsalRecord,
    "sweep": SweepRecord,
    "manifest": Manifest,
}
WORKER = "worker"
WORKER_TITLE = "The worker's protocol: its argument, a Job, and each line of its two pipes."
MESSAGES: tuple[type, ...] = (
    protocol.Job,
    protocol.Ready,
    *get_args(protocol.Request),
    protocol.Warmed,
    protocol.LoadgenAnswer,
    protocol.Classes,
    protocol.TurnAnswer,
    protocol.ClassifyAnswer,
    protocol.TraceAnswer,
    protocol.Refusal,
)


def titles() -> dict[str, str]:
    """Return what each schema is about, in one line, by its name."""
    documents = {name: _line(kind.__doc__) for name, kind in DOCUMENTS.items()}
    return {**documents, WORKER: WORKER_TITLE}


def schema(name: str) -> dict[str, Any]:
    """Return the schema called `name`; SettingsError if there is none."""
    if name not in titles():
        known = ", ".join(titles())
        raise SettingsError(f"no schema is called {quoted(name, titles())}; known are {known}")
    kinds = MESSAGES if name == WORKER else (DOCUMENTS[name],)
    references, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    return {
        "$schema": DIALECT,
        "$id": f"urn:vgg19-xeon-inference:schema:{SCHEMA_VERSION}:{name}",
        "title": titles()[name],
        **(references[0] if len(kinds) == 1 else {"anyOf": list(references)}),
        "$defs": {kind: _tidy(part) for kind, part in parts.items()},
    }


def text_of(name: str) -> str:
    """Return the schema called `name` as a file has it; SettingsError if there is none."""
    encoded = msgspec.json.encode(schema(name), order="sorted")
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def texts(folder: Path) -> dict[Path, str]:
    """Return the text of each schema, by the path that it has in a folder."""
    return {folder / f"{name}{SUFFIX}": text_of(name) for name in titles()}


def write(folder: Path) -> None:
    """Write all schemas to a new folder."""
    folder.mkdir()
    for path, text in texts(folder).items():
        path.write_text(text, encoding="utf-8")


def answer(name: str) -> str:
    """Return a schema, or a line for each of all; SettingsError if there is none of that name."""
    return aligned([*titles().items()]) if name == ALL else text_of(name).rstrip()


def _tidy(part: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a class, of which no field may be absent but what was added later."""
    fields = {
        name: {key: value for key, value in field.items() if key not in ("default", ADDED)}
        for name, field in part["properties"].items()
    }
    required = sorted(name for name, field in part["properties"].items() if ADDED not in field)
    line = _line(part.get("description"))
    return {**part, "description": line, "properties": fields, "required": required}


def _line(docstring: str | None) -> str:
    return " ".join((docstring or "").split())
