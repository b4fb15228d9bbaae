"""The bundles that the project ships as proof of what it says in docs/."""

import json
import lzma
import tarfile
from pathlib import Path

import pytest

from docker.share.bundle import verify_bundle
from stages.common.headline import NOT_TRUSTED
from tests.commands import ROOT

MEASURED = ROOT / "docs" / "measured"
BUNDLES = ("emerald-rapids-16-cpus", "emerald-rapids-4-cpus")
PAGE = (ROOT / "docs" / "measured-with-amx.md").read_text()


def unpacked(name: str, folder: Path) -> Path:
    """Return a shipped bundle, decompressed."""
    bundle = folder / f"{name}.tar"
    bundle.write_bytes(lzma.decompress((MEASURED / f"{bundle.name}.xz").read_bytes()))
    return bundle


def read(bundle: Path, ending: str) -> str:
    """Return the text of the member of a bundle whose name ends so."""
    with tarfile.open(bundle) as tar:
        (name,) = (name for name in tar.getnames() if name.endswith(ending))
        member = tar.extractfile(name)
        assert member
        return member.read().decode()


@pytest.mark.parametrize("name", BUNDLES)
def test_each_is_whole_and_says_that_its_run_is_not_to_be_trusted(
    name: str, tmp_path: Path
) -> None:
    verdict = verify_bundle(unpacked(name, tmp_path))
    (doubt,) = verdict.doubts
    assert NOT_TRUSTED in doubt


@pytest.mark.parametrize("name", BUNDLES)
def test_each_row_that_the_page_shows_is_the_bundles(name: str, tmp_path: Path) -> None:
    log = [line.rstrip() for line in read(unpacked(name, tmp_path), "compare.log").splitlines()]
    rows = [line for line in log if "INVALID, native" in line]
    assert rows
    assert all(row in PAGE.splitlines() for row in rows)


def test_a_real_amx_answered_bit_for_bit_as_the_emulator(tmp_path: Path) -> None:
    real = json.loads((MEASURED / "emerald-rapids-answers.json").read_text())
    rehearsal = json.loads(read(unpacked(BUNDLES[0], tmp_path), "rehearsal.json"))
    found = {(one["runtime"], one["precision"], one["isa"]): one["probabilities"] for one in real}
    sides = [
        ((cell["runtime"], cell["precision"], side["isa"]), side["probabilities"])
        for cell in rehearsal["cells"]
        for side in (cell["with_amx"], cell["without"])
    ]
    assert len(sides) == 8
    assert all(found[name] == probabilities for name, probabilities in sides)
