"""Each hostile bundle is refused: by a known code, in one line, and it leaves nothing behind."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from docker.share import bundle as bundles
from docker.share import sbom
from docker.share.bundle import verify_bundle, write_bundle
from stages.errors import exit_code_of
from tests.hostile_bundles import hostile_bundles
from tests.hostile_names import OUTSIDE
from tests.unit.evidence.parts import IMAGE, few_resamples, pipeline

# Missing, corrupt, of another version, stale, and a disk that is full.
CODES = (3, 4, 5, 6, 8)
# The processor's: how long other programs let it wait says nothing of the bundle.
MAX_SECONDS = 10.0
# All of them take a minute or more; a campaign of many hours tries them.
EVERY = 20


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("good")
    with few_resamples() as patch:
        patch.setattr(bundles, "digest_of", {"vgg19-train": IMAGE}.get)
        patch.setattr(sbom, "inventory", lambda _: [])
        write_bundle(pipeline(folder / "artifacts"), folder / "bundle.tar")
        yield folder / "bundle.tar"


def refusal(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what is wrong with how a bundle was refused, empty if nothing is."""
    began = time.process_time()
    code = exit_code_of("verify", lambda: print(*verify_bundle(path).lines))
    seconds = time.process_time() - began
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    if code not in CODES or printed.out or seconds > MAX_SECONDS:
        return f"code {code} after {seconds:.1f} s: {printed.out}{printed.err[-300:]}"
    if len(lines) != 1 or not lines[0].startswith("verify: error: ") or not lines[0].isprintable():
        return f"not one line: {printed.err[:300]!r}"
    if "bundle-" in lines[0] or len(lines[0]) > 1000:
        return f"not what a person needs: {lines[0][:300]}"
    return ""


def test_every_hostile_bundle_is_refused(
    good: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    temporary = tmp_path / "temporary" / "of" / "verify"
    temporary.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    wrong, seen = [], 0
    for name, path in hostile_bundles(good, tmp_path / "hostile", EVERY):
        seen += 1
        problem = refusal(path, capsys)
        if problem or [*temporary.iterdir()]:
            wrong.append(f"{name}: {problem or 'it left something behind'}")
    assert "\n".join(wrong) == ""
    assert seen > 150
    assert not [*tmp_path.rglob(OUTSIDE)]
    assert not Path("/tmp", OUTSIDE).exists()
