import re
from itertools import chain
from pathlib import Path

import pytest

from docker.build import requirements

FILES = [name for names in requirements.RESOLUTIONS.values() for name in names]


def pins(name: str) -> dict[str, str]:
    return dict(
        re.findall(r"^([a-z0-9.-]+)==(\S+)", requirements.path_of(name).read_text(), re.MULTILINE)
    )


@pytest.mark.parametrize("runtime", requirements.RESOLUTIONS)
def test_a_package_has_one_version_in_a_resolution(runtime: str) -> None:
    versions: dict[str, set[str]] = {}
    for name in requirements.RESOLUTIONS[runtime]:
        for package, version in pins(name).items():
            versions.setdefault(package, set()).add(version)
    assert {name: several for name, several in versions.items() if len(several) > 1} == {}


@pytest.mark.parametrize("layer", requirements.LAYERS_BELOW)
def test_a_layer_repeats_nothing_of_those_below_it(layer: str) -> None:
    below = {package for name in requirements.LAYERS_BELOW[layer] for package in pins(name)}
    assert not below & set(pins(layer))


@pytest.mark.parametrize("name", [*FILES, "notebook", "host", "publish", "develop"])
def test_every_package_is_locked_by_hash_and_a_wheel(name: str) -> None:
    text = requirements.path_of(name).read_text()
    blocks = re.split(r"\n(?=\S)", text)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)
    assert "--require-hashes" in text
    assert "--only-binary :all:" in text


def test_the_notebook_has_all_packages_of_the_stages_in_their_versions() -> None:
    stages: dict[str, str] = {}
    for name in requirements.RESOLUTIONS[requirements.NOTEBOOK_RUNTIME]:
        stages |= pins(name)
    below = (*requirements.LAYERS_BELOW["notebook"], "build")
    notebook, beneath = pins("notebook"), {package for name in below for package in pins(name)}
    assert notebook.keys() >= stages.keys() - beneath
    theirs = {name: version for name, version in notebook.items() if name in stages}
    assert theirs.items() <= stages.items()
    assert {"ipykernel", "jupyterlab", "nbclient", "nbformat"} <= notebook.keys()


def test_what_installs_the_stock_runtime_is_what_it_asks_for() -> None:
    assert pins("stock")["setuptools"] == pins("build")["setuptools"]


def test_every_layer_is_resolved_once() -> None:
    assert sorted(FILES) == sorted(chain.from_iterable(requirements.RESOLUTIONS.values()))


def test_stock_has_its_own_tensorflow_and_nothing_of_itex() -> None:
    stock = pins("stock")
    assert stock["tensorflow-cpu"] != pins("tensorflow")["tensorflow-cpu"]
    assert not [name for name in {**stock, **pins("peers")} if "intel" in name]


def test_one_runtime_can_be_locked_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(requirements, "_write", lambda name, *_: written.append(name))
    monkeypatch.setattr(requirements, "_compile", lambda *_: None)
    requirements.lock_requirements(["stock"])
    assert written == ["stock", "peers"]
    requirements.lock_requirements(["itex"])
    assert written.pop() == "notebook"
    del written[2:]
    requirements.lock_requirements()
    whole = [*FILES, "notebook", "host", "publish", "develop", "emulator"]
    assert sorted(written[2:]) == sorted(whole)


def test_what_publishes_is_tested_in_the_versions_that_users_get() -> None:
    tested, users = {**pins("host"), **pins("develop")}, pins("publish")
    assert {"pyarrow", "mlflow-skinny"} <= users.keys()
    assert {name: (version, tested[name]) for name, version in users.items()} == {
        name: (version, version) for name, version in users.items()
    }


def test_compare_has_no_tensorflow() -> None:
    compare = {*pins("common"), *pins("compare")}
    assert not [package for package in compare if "tensorflow" in package]


def test_locked_reads_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(requirements, "REQUIREMENTS", tmp_path)
    (tmp_path / "some.txt").write_text("# a\n--require-hashes\na-b==1 \\\n    --hash=x\nc==2\n")
    assert requirements.locked_packages("some") == ["a-b", "c"]
