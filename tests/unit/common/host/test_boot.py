from pathlib import Path

import pytest

from stages.common.host.boot import BOOT_ID, boot_id
from stages.records.base import UNKNOWN

ID = "0b7e0cb5-1111-4222-8333-444455556666"


@pytest.mark.parametrize(
    ("text", "known"), [(f"{ID}\n", ID), ("", UNKNOWN), ("0\n", UNKNOWN), (ID[:-1], UNKNOWN)]
)
def test_a_start_of_the_machine_is_known_by_the_kernels_id(
    tmp_path: Path, text: str, known: str
) -> None:
    (tmp_path / "boot_id").write_text(text)
    assert boot_id(tmp_path / "boot_id") == known
    assert boot_id(tmp_path / "none") == UNKNOWN


@pytest.mark.skipif(not BOOT_ID.exists(), reason="the kernel does not show it here")
def test_it_stays_the_same_until_the_next_start() -> None:
    assert boot_id() == boot_id() != UNKNOWN
