"""A backbone by its path on this machine, as a container and as a process see it."""

from pathlib import Path

import pytest

from docker.host.own_backbone import as_container_sees, as_process_sees
from stages.errors import SettingsError


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module where it is meant to be, with its artifacts folder in the working directory."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "artifacts" / ".cache" / "hub" / "mine"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    "form", ["{}", "artifacts/.cache/hub/mine", "./artifacts/.cache/hub/mine/"]
)
def test_a_path_of_this_machine_becomes_the_containers(module: Path, form: str) -> None:
    root = module.parents[2]
    assert as_container_sees(form.format(module), root) == "/artifacts/.cache/hub/mine"
    assert as_process_sees(form.format(module)) == str(module)


def test_an_address_of_a_file_is_a_path(module: Path) -> None:
    seen = as_container_sees(f"file://{module}", module.parents[2])
    assert seen == "/artifacts/.cache/hub/mine"


@pytest.mark.parametrize(
    "handle",
    ["", "embedded", "imagenet", "https://hub/m/1", "/artifacts/.cache/hub/mine", "gs://a/b"],
)
def test_everything_else_stays_as_it_is(module: Path, handle: str) -> None:
    assert as_container_sees(handle, module.parents[2]) == handle
    assert as_process_sees(handle) == handle


def test_a_folder_that_no_container_sees_is_refused(module: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(SettingsError, match=r"copy it to .*/artifacts/\.cache/hub/, or give"):
        as_container_sees(str(elsewhere), module.parents[2])
