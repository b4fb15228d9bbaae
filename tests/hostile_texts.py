"""What a record, a list or a log in a hostile bundle holds."""

import json
import re
from collections.abc import Callable

from stages.common.worker.loadgen import LINE_HEAD

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
    "with a deep field": lambda text: with_field(text, b'"deep": ' + b"[" * DEEP + b"]" * DEEP),
    "with an unknown field": lambda text: with_field(text, b'"unknown": 1'),
    "with a field of a terminal": lambda text: with_field(text, b'"\\u001b[2J\\nverify: well": 1'),
    "with a field twice": lambda text: with_field(text, b'"schema_version": 7'),
    "with a field without end": lambda text: with_field(text, b'"n": "' + b"x" * 10**6 + b'"'),
    "in UTF-16": lambda text: text.decode().encode("utf-16"),
    "with a byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "not in UTF-8": lambda text: with_field(text, b'"n": "\xff"'),
    "with half a character": lambda text: with_field(text, b'"n": "\\ud800"'),
    "of another version": lambda text: of_version(text, b"99"),
    "of a version in words": lambda text: of_version(text, b'"\\u001b[2J' + b"6" * 1000 + b'"'),
    "of a version that is a list": lambda text: of_version(text, b"[[[7]]]"),
    "of a version that is true": lambda text: of_version(text, b"true"),
    "of a version with a point": lambda text: of_version(text, b"7.0"),
    "of a version without end": lambda text: of_version(text, LONG_NUMBER.encode()),
    "without its maker": lambda text: without(text, "maker"),
    "without its version": lambda text: without(text, "schema_version"),
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


def with_field(text: bytes, field: bytes) -> bytes:
    """Return a record with a field more, as its first."""
    return text.replace(b"{", b"{" + field + b",", 1)


def of_version(text: bytes, version: bytes) -> bytes:
    """Return a record of another version."""
    return re.sub(rb'"schema_version": \d+', lambda _: b'"schema_version": ' + version, text)


def without(text: bytes, field: str) -> bytes:
    """Return a record without a field."""
    record = json.loads(text)
    del record[field]
    return json.dumps(record).encode()
