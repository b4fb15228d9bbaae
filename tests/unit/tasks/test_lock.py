import re
from pathlib import Path

import pytest

from docker import lock

FILES = [*lock.LAYERS, "build"]


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", lock.path_of(name).read_text(), re.MULTILINE))


def test_a_package_has_one_version_in_all_lock_files() -> None:
    versions: dict[str, set[str]] = {}
    for name in FILES:
        for package, version in pins(name).items():
            versions.setdefault(package, set()).add(version)
    assert {package: each for package, each in versions.items() if len(each) > 1} == {}


@pytest.mark.parametrize("layer", lock.LAYERS)
def test_a_layer_repeats_nothing_of_those_below_it(layer: str) -> None:
    below = {package for name in lock.LAYERS[layer] for package in pins(name)}
    assert not below & set(pins(layer))


@pytest.mark.parametrize("name", [*FILES, "host"])
def test_every_package_is_locked_by_hash_and_a_wheel(name: str) -> None:
    text = lock.path_of(name).read_text()
    blocks = re.split(r"\n(?=\S)", text)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)
    assert "--require-hashes" in text
    assert "--only-binary :all:" in text


def test_compare_has_no_tensorflow() -> None:
    compare = {*pins("common"), *pins("compare")}
    assert not [package for package in compare if "tensorflow" in package]


def test_locked_reads_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(lock, "REQUIREMENTS", tmp_path)
    (tmp_path / "some.txt").write_text("# a\n--require-hashes\na-b==1 \\\n    --hash=x\nc==2\n")
    assert lock.locked("some") == ["a-b", "c"]
