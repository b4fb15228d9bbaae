"""How a record differs from what its samples give."""

from dataclasses import replace

import msgspec

from stages.evidence.unlike import unlike
from tests.unit.records import HOST

NOW = replace(HOST, cpu_id="GenuineIntel-6-207-2", versions={"python": "3.11.2", "numpy": "1.26.4"})
OLDER = replace(NOW, cpu_id="")


def test_a_field_that_came_since_is_no_difference() -> None:
    written = msgspec.to_builtins(OLDER)
    assert unlike(OLDER, NOW, written) == ["cpu_id is '', its samples give 'GenuineIntel-6-207-2'"]
    del written["cpu_id"]
    assert unlike(OLDER, NOW, written) == []


def test_what_no_older_version_lacked_is_one() -> None:
    fewer = replace(OLDER, versions={"python": "3.11.2"})
    written = msgspec.to_builtins(fewer)
    del written["cpu_id"]
    (line,) = unlike(fewer, NOW, written)
    assert line.startswith("versions is {'python': '3.11.2'}, its samples give ")
