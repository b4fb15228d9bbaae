"""Bundles whose files are not what a bundle has, by someone who makes all hashes fit."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from stages.artifacts import CHECKSUMS
from stages.common.worker.loadgen import ANSWERS, DETAIL, LINE_HEAD
from stages.handover import write_checksums
from tests.unit.evidence.parts import refit

Edit = Callable[[Path], None]
RECORDS = (
    "train/train.json",
    "quantize/quantize.json",
    "profile/measurements.json",
    "profile/32.json",
    "compare/compare.json",
)
STAGES = ("train", "quantize", "profile", "compare")
DEEP = 100_000
# More digits than Python turns into a number, and more than a float can hold.
LONG_NUMBER, HUGE_NUMBER = "9" * 10_000, "9" * 400
# What a record that is read as text or JSON may be instead; `{}` stands for what it was.
ODD_JSON: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "an empty object": lambda _: b"{}",
    "an empty list": lambda _: b"[]",
    "null": lambda _: b"null",
    "a number": lambda _: b"1",
    "a text": lambda _: b'"text"',
    "no JSON": lambda _: b"\x89PNG\r\n\x1a\n",
    "cut": lambda text: text[: len(text) // 2],
    "followed by more": lambda text: text + b"{}",
    "of a deep list": lambda _: b"[" * DEEP + b"]" * DEEP,
    "of a deep list that never ends": lambda _: b"[" * DEEP,
    "of deep objects": lambda _: b'{"a":' * DEEP,
    "with a deep field": lambda text: _with(text, b'"deep": ' + b"[" * DEEP + b"]" * DEEP),
    "with an unknown field": lambda text: _with(text, b'"unknown": 1'),
    "with a field of a terminal": lambda text: _with(text, b'"\\u001b[2J\\nverify: well": 1'),
    "with a field twice": lambda text: _with(text, b'"schema_version": 6'),
    "with a field without end": lambda text: _with(text, b'"n": "' + b"x" * 10**6 + b'"'),
    "in UTF-16": lambda text: text.decode().encode("utf-16"),
    "with a byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "not in UTF-8": lambda text: _with(text, b'"n": "\xff"'),
    "with half a character": lambda text: _with(text, b'"n": "\\ud800"'),
    "of another version": lambda text: _versioned(text, b"99"),
    "of a version in words": lambda text: _versioned(text, b'"\\u001b[2J' + b"6" * 1000 + b'"'),
    "of a version that is a list": lambda text: _versioned(text, b"[[[6]]]"),
    "of a version that is true": lambda text: _versioned(text, b"true"),
    "of a version with a point": lambda text: _versioned(text, b"6.0"),
    "of a version without end": lambda text: _versioned(text, LONG_NUMBER.encode()),
    "without its maker": lambda text: _without(text, "maker"),
    "without its version": lambda text: _without(text, "schema_version"),
}
ODD_VALUES = {
    "NaN": "NaN",
    "infinity": "Infinity",
    "beyond a float": "1e999",
    "a long number": LONG_NUMBER,
    "a huge number": HUGE_NUMBER,
    "negative": "-1",
    "null": "null",
    "a text": '"1"',
    "a list": "[]",
    "a list of millions": "[" + "0," * 3_000_000 + "0]",
}
ODD_PATHS = {
    "absolute": "/etc/shadow",
    "of the kernel": "/proc/kmsg",
    "an endless device": "/dev/zero",
    "upwards": "../../../../../../etc/passwd",
    "upwards and back": "../profile/proof",
    "here": ".",
    "empty": "",
    "with a NUL": "a\0b",
    "with a line end": "a\nverify: everything is well",
    "of a terminal": "\x1b[2J",
    "long": "n" * 5000,
    "deep": "/".join("n" * 3000),
    "not there": "not-there",
    "a text of halves": "\udc80",
}
ODD_LISTS: dict[str, Callable[[bytes], bytes | None]] = {
    "missing": lambda _: None,
    "empty": lambda _: b"",
    "shortened": lambda text: b"".join(text.splitlines(keepends=True)[1:]),
    "not in UTF-8": lambda text: b"\xff\xfe" + text,
    "with a line that is none": lambda text: text + b"hello\n",
    "with a path upwards": lambda text: text + b"0" * 64 + b"  ../../../etc/passwd\n",
    "with an absolute path": lambda text: text + b"0" * 64 + b"  /etc/passwd\n",
    "with a file twice": lambda text: text + text,
    "with a file that is not there": lambda text: text + b"0" * 64 + b"  not-there\n",
    "in capitals": lambda text: text.upper(),
    "with Windows' line ends": lambda text: text.replace(b"\n", b"\r\n"),
    "with a line without end": lambda text: text + b"0" * 64 + b"  " + b"n" * 10**6,
    "with a line of a terminal": lambda text: text + b"\x1b[2J\rverify: well\n",
}
ODD_LOGS: dict[str, bytes | None] = {
    "missing": None,
    "empty": b"",
    "of zeros": bytes(100_000),
    "of bytes": bytes(range(256)) * 100,
    "of one long line": b"x" * 3 * 10**6,
    "of many lines": b"x\n" * 10**6,
}
LINE = LINE_HEAD.encode()
ODD_DETAILS: dict[str, bytes] = {
    "with a line that is no JSON": LINE + b"{",
    "with a line that is a list": LINE + b"[1]",
    "with a line that is a number": LINE + b"1",
    "with a line without a key": LINE + b"{}",
    "with a key that is a list": LINE + b'{"key": [], "value": 1}',
    "with a deep line": LINE + b"[" * DEEP,
    "with a rate that is a text": LINE + b'{"key": "result_samples_per_second", "value": "fast"}',
    "with a rate that is no number": LINE + b'{"key": "result_samples_per_second", "value": NaN}',
    "with a rate beyond all": LINE + b'{"key": "result_samples_per_second", "value": 1e999}',
    "with a rate of digits": LINE
    + b'{"key": "result_samples_per_second", "value": %s}' % LONG_NUMBER.encode(),
    "with a rate that is a list": LINE + b'{"key": "result_samples_per_second", "value": []}',
}
ODD_ANSWERS: dict[str, bytes] = {
    "without answers": b"[]",
    "that is an object": b"{}",
    "that is a number": b"1",
    "that is deep": b"[" * DEEP,
    "of numbers": b"[1, 2, 3]",
    "without data": b'[{"qsl_idx": 0}]',
    "of data that are no hex": b'[{"qsl_idx": 0, "data": "xyz"}]',
    "of data without end": b'[{"qsl_idx": 0, "data": "%s"}]' % (b"FF" * 10**6),
    "of an index that is a text": b'[{"qsl_idx": "0", "data": "00"}, {"qsl_idx": 1, "data": "00"}]',
    "of an index that is a list": b'[{"qsl_idx": [], "data": "00"}]',
    "of an index beyond all": b'[{"qsl_idx": 1e999, "data": "00"}]',
    "of data that are a list": b'[{"qsl_idx": 0, "data": []}]',
}
ODD_PROOFS: dict[str, bytes] = {
    "with a template that is none": b"onednn_verbose,primitive,info,template:\n",
    "with another template": b"onednn_verbose,primitive,info,template:x,y,z,attributes\n",
    "with times that are none": b"onednn_verbose,primitive,info,template:operation,engine,"
    b"primitive,implementation,prop_kind,memory_descriptors,attributes,auxiliary,problem_desc,exec_time\n"
    b"onednn_verbose,primitive,exec,cpu,convolution,jit,forward,src_f32::x,,,mb1,NaN\n",
}


def _with(text: bytes, field: bytes) -> bytes:
    return text.replace(b"{", b"{" + field + b",", 1)


def _versioned(text: bytes, version: bytes) -> bytes:
    return re.sub(rb'"schema_version": \d+', lambda _: b'"schema_version": ' + version, text)


def _without(text: bytes, field: str) -> bytes:
    record = json.loads(text)
    del record[field]
    return json.dumps(record).encode()


def _summed(bundle: Path) -> None:
    (bundle / CHECKSUMS).unlink(missing_ok=True)
    write_checksums(bundle)


def _replacing(name: str, change: Callable[[bytes], bytes | None]) -> Edit:
    """Return what edits an artifact, and makes all hashes fit; None removes it."""

    def edit(bundle: Path) -> None:
        path = bundle / "artifacts" / name
        content = change(path.read_bytes())
        if content is None:
            path.unlink()
            stage = bundle / "artifacts" / name.partition("/")[0]
            (stage / CHECKSUMS).unlink()
            write_checksums(stage)
        else:
            path.write_bytes(content)
            refit(bundle, path)
        _summed(bundle)

    return edit


def _first(pattern: str, change: Callable[[bytes], bytes | None]) -> Edit:
    """Return what edits the first artifact that fits a pattern."""

    def edit(bundle: Path) -> None:
        path = min((bundle / "artifacts").glob(pattern))
        _replacing(path.relative_to(bundle / "artifacts").as_posix(), change)(bundle)

    return edit


def _list(name: str, change: Callable[[bytes], bytes | None]) -> Edit:
    """Return what edits a list of checksums; the bundle's own fits, unless it is that."""

    def edit(bundle: Path) -> None:
        path = bundle / name
        content = change(path.read_bytes())
        path.unlink() if content is None else path.write_bytes(content)
        if name != CHECKSUMS:
            _summed(bundle)

    return edit


def _file(name: str, content: bytes | None) -> Edit:
    """Return what writes a file of a bundle, or removes it; the bundle's list fits."""

    def edit(bundle: Path) -> None:
        path = bundle / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True) if content is None else path.write_bytes(content)
        _summed(bundle)

    return edit


def _field(record: str, place: tuple[str | int, ...], value: str) -> Edit:
    """Return what writes a value, as JSON, at a place of a record."""

    def change(text: bytes) -> bytes:
        raw: Any = json.loads(text)
        *parents, last = place
        part = raw
        for key in parents:
            part = part[key]
        part[last] = "@value@"
        return json.dumps(raw).replace('"@value@"', value).encode()

    return _replacing(record, change)


def _paths() -> Iterator[tuple[str, Edit]]:
    measured: tuple[str | int, ...] = ("cells", 0, "measurement")
    places: dict[str, tuple[str | int, ...]] = {
        "a proof": ("cells", 0, "proof", "log"),
        "a run": (*measured, "offline", "runs", 0, "instances", 0, "log"),
        "an accuracy": (*measured, "accuracy", "log"),
    }
    for what, place in places.items():
        for kind, path in ODD_PATHS.items():
            yield (
                f"{what} whose log is {kind}",
                _field("profile/measurements.json", place, json.dumps(path)),
            )


def _values() -> Iterator[tuple[str, Edit]]:
    places: dict[str, tuple[str, tuple[str | int, ...]]] = {
        "an accuracy of train": ("train/train.json", ("accuracy_top1", "test")),
        "a batch's seconds": (
            "profile/measurements.json",
            ("repeat", "measurement", "offline", "runs", 0, "instances", 0, "seconds", 0),
        ),
        "labels": ("quantize/quantize.json", ("labels",)),
        "a summary's rate": ("profile/8.json", ("throughput",)),
        "rows": ("compare/compare.json", ("rows",)),
    }
    for what, (record, place) in places.items():
        for kind, value in ODD_VALUES.items():
            if (what, kind) != ("rows", "a list"):
                yield f"{what} that is {kind}", _field(record, place, value)


def _manifests() -> Iterator[tuple[str, Edit]]:
    for kind, change in ODD_JSON.items():
        if "version" in kind or "maker" in kind or "twice" in kind:
            continue
        yield f"a manifest {kind}", _list("manifest.json", change)
    yield (
        "a manifest without its images",
        _list("manifest.json", lambda text: _without(text, "images")),
    )
    yield "no manifest", _file("manifest.json", None)


def _swapped(bundle: Path) -> None:
    """Swap the two summaries."""
    folder = bundle / "artifacts" / "profile"
    texts = {name: (folder / name).read_bytes() for name in ("32.json", "8.json")}
    _replacing("profile/8.json", lambda _: texts["32.json"])(bundle)
    _replacing("profile/32.json", lambda _: texts["8.json"])(bundle)


def _as_folder(name: str) -> Edit:
    """Return what puts a folder in the place of a file."""

    def edit(bundle: Path) -> None:
        (bundle / name).unlink()
        (bundle / name).mkdir()
        (bundle / name / "x").write_text("x")
        if name != CHECKSUMS:
            _summed(bundle)

    return edit


def _without_stage(stage: str) -> Edit:
    def edit(bundle: Path) -> None:
        for path in sorted((bundle / "artifacts" / stage).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        _summed(bundle)

    return edit


def _without_artifacts(bundle: Path) -> None:
    for stage in (bundle / "artifacts").iterdir():
        _without_stage(stage.name)(bundle)


FOLDERS: dict[str, Edit] = {
    **{
        f"{record} {kind}": _replacing(record, change)
        for record in RECORDS
        for kind, change in ODD_JSON.items()
    },
    **{
        f"the list of {stage} {kind}": _list(f"artifacts/{stage}/{CHECKSUMS}", change)
        for stage in STAGES
        for kind, change in ODD_LISTS.items()
    },
    **{f"the list {kind}": _list(CHECKSUMS, change) for kind, change in ODD_LISTS.items()},
    **dict(_paths()),
    **dict(_values()),
    **dict(_manifests()),
    **{
        f"a report {kind}": _replacing("compare/compare.log", lambda _, content=content: content)
        for kind, content in ODD_LOGS.items()
    },
    **{
        f"a log of LoadGen {kind}": _first(
            f"profile/loadgen/*/*/{DETAIL}", lambda _, content=content: content
        )
        for kind, content in ODD_LOGS.items()
    },
    **{
        f"a log of LoadGen {kind}": _first(
            f"profile/loadgen/*/offline-1*/{DETAIL}", lambda text, line=line: text + b"\n" + line
        )
        for kind, line in ODD_DETAILS.items()
    },
    **{
        f"LoadGen's answers {kind}": _first(
            f"profile/loadgen/*/accuracy/{ANSWERS}", lambda _, content=content: content
        )
        for kind, content in {**ODD_ANSWERS, **ODD_LOGS}.items()
    },
    **{
        f"a proof {kind}": _first("profile/proof/*.log", lambda _, content=content: content)
        for kind, content in ODD_LOGS.items()
    },
    **{
        f"a proof {kind}": _first(
            "profile/proof/*.log", lambda text, lines=lines: lines + text.replace(b"template", b"-")
        )
        for kind, lines in ODD_PROOFS.items()
    },
    **{
        f"a variant's log {kind}": _first(
            "quantize/proof/*.log", lambda _, content=content: content
        )
        for kind, content in ODD_LOGS.items()
    },
    **{f"without {stage}": _without_stage(stage) for stage in STAGES},
    "without artifacts": _without_artifacts,
    "summaries in each other's place": _swapped,
    "a file more": _file("more.sh", b"#!/bin/sh\n"),
    "a folder more": _file("more/x", b"x"),
    "a folder of no stage": _file("artifacts/more/x", b"x"),
    "a file in no stage": _file("artifacts/x", b"x"),
    "a file more in a stage": _file("artifacts/compare/more.txt", b"x"),
    "a model": _file("artifacts/train/model_keras.fp32/saved_model.pb", b"x"),
    "a list of no stage": _file("artifacts/SHA256SUMS", b""),
    "a stage that is a file": _file("artifacts/peers-x", b"x"),
    "a list that is a folder": _as_folder(CHECKSUMS),
    "a manifest that is a folder": _as_folder("manifest.json"),
    **{
        f"{name} that is a folder": _as_folder(f"artifacts/{name}")
        for name in (*RECORDS, "compare/compare.log", *(f"{stage}/{CHECKSUMS}" for stage in STAGES))
    },
}
