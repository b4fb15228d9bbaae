"""What is given by its path: where it is, whether it will do, what a container sees of it."""

import os
from pathlib import Path

import pytest

from docker.host.own_files import BACKBONE, DATA, MODEL
from stages.errors import ModelError, SettingsError
from tests.unit.files.test_given_module import make_module

NAMED = ["", "embedded", "imagenet", "downloaded", "https://hub/m/1", "gs://a/b"]


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A module that is there under its own name, and as `latest`."""
    folder = make_module(tmp_path / "models" / "mine")
    (tmp_path / "models" / "latest").symlink_to("mine")
    return folder


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("./mine", "mine"),
        ("../models/mine/", "mine"),
        ("~/mine", "mine"),
        ("./latest", "latest"),
        ("mine/..", "."),
        ("file://{}", "mine"),
        ("{}", "mine"),
    ],
)
def test_a_path_is_whole_from_where_the_user_is(
    given: str, whole: str, module: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(module.parent))
    given = given.format(module)
    expected = str(module.parent / whole)
    assert BACKBONE.chosen(given, {}, {}, module.parent) == expected
    variable = {"VGG19_BACKBONE": given}
    assert BACKBONE.chosen("", variable, variable, module.parent) == expected


def test_a_relative_path_of_env_starts_beside_it_as_compose_has_it(tmp_path: Path) -> None:
    in_file = {"VGG19_BACKBONE": "./mine"}
    assert BACKBONE.chosen("", in_file, {}, tmp_path / "here", tmp_path) == str(tmp_path / "mine")
    for given in ("mine", "./mine"):
        path = {"GIVEN_BACKBONE": given}
        assert BACKBONE.chosen("", path, path, tmp_path / "here", tmp_path) == str(
            tmp_path / "mine"
        )


def test_a_flag_wins(tmp_path: Path) -> None:
    variables = {"VGG19_BACKBONE": "imagenet", "GIVEN_BACKBONE": "/mine"}
    assert BACKBONE.chosen("embedded", variables, variables, tmp_path) == "embedded"


@pytest.mark.parametrize("handle", NAMED)
def test_what_is_no_path_stays_as_it_is(handle: str, tmp_path: Path) -> None:
    assert BACKBONE.chosen(handle, {}, {}, tmp_path) == handle
    assert (
        BACKBONE.on_this_machine(handle, tmp_path) == BACKBONE.as_container_sees(handle) == handle
    )
    assert not any(BACKBONE.mount(handle).values())
    BACKBONE.require_usable(handle)


@pytest.mark.parametrize("name", ["mine", "latest"])
def test_a_container_sees_it_by_the_name_that_the_user_gave(name: str, module: Path) -> None:
    handle = str(module.parent / name)
    BACKBONE.require_usable(handle)
    assert BACKBONE.as_container_sees(handle) == f"/given/{name}"
    assert BACKBONE.mount(handle) == {"GIVEN_BACKBONE": str(module), "STAGES_GIVEN": name}


def test_a_containers_name_of_what_is_in_the_artifacts_is_understood(module: Path) -> None:
    root = module.parent
    assert BACKBONE.on_this_machine("/artifacts/mine", root) == str(module)
    assert BACKBONE.on_this_machine(str(module), root) == str(module)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not there"):
        BACKBONE.require_usable(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("target", ["../../other", "{}/other", "{}/models/mine/saved_model.pb"])
def test_a_link_that_leads_nowhere_in_a_container_is_refused(
    target: str, module: Path, tmp_path: Path
) -> None:
    make_module(tmp_path / "other")
    (module / "assets").symlink_to(target.format(tmp_path))
    with pytest.raises(ModelError, match=r"mine/assets is a link out of .* `cp -rL` makes it"):
        BACKBONE.require_usable(str(module))


def test_a_link_within_the_folder_is_taken(module: Path) -> None:
    (module / "saved_model.pb").rename(module / "graph")
    (module / "saved_model.pb").symlink_to("graph")
    (module / "again").symlink_to(os.curdir)
    BACKBONE.require_usable(str(module))


def test_a_model_is_a_path_also_without_a_slash_and_has_a_place_of_its_own(tmp_path: Path) -> None:
    assert MODEL.chosen("mine.keras", {}, {}, tmp_path) == str(tmp_path / "mine.keras")
    assert MODEL.chosen("", {}, {}, tmp_path) == MODEL.as_container_sees("") == ""
    assert MODEL.mount("") == {"GIVEN_MODEL": "", "STAGES_GIVEN_MODEL": ""}
    given = str(tmp_path / "my model.keras")
    assert MODEL.as_container_sees(given) == "/given-model/my_model.keras"
    assert MODEL.mount(given) == {"GIVEN_MODEL": given, "STAGES_GIVEN_MODEL": "my_model.keras"}
    with pytest.raises(SettingsError, match=r"the model .*keras is not there; give a \.keras or"):
        MODEL.require_usable(given)


def test_pictures_are_shown_to_a_container_as_a_backbone_is(tmp_path: Path) -> None:
    folder = tmp_path / "my roses"
    folder.mkdir()
    assert DATA.chosen("./my roses", {}, {}, tmp_path) == str(folder)
    assert DATA.as_container_sees(str(folder)) == "/given-data/my_roses"
    assert DATA.mount(str(folder)) == {
        "GIVEN_DATA": str(folder),
        "STAGES_GIVEN_DATA": "my_roses",
    }


@pytest.mark.parametrize("given", ["roses", "my/roses", "./roses", "../roses", "{}/roses"])
def test_the_variable_for_compose_is_always_a_path(given: str, tmp_path: Path) -> None:
    variable = {"GIVEN_DATA": given.format(tmp_path)}
    chosen = DATA.chosen("", variable, variable, tmp_path / "here", tmp_path / "root")
    assert chosen.startswith(str(tmp_path))
    assert chosen.endswith("/roses")


@pytest.mark.parametrize("name", ["embedded", "beans", "tf_flowers", "imagenette/320px:1.0.0"])
def test_a_set_by_its_name_is_no_path(name: str, tmp_path: Path) -> None:
    assert DATA.chosen(name, {}, {}, tmp_path) == DATA.as_container_sees(name) == name
    assert not any(DATA.mount(name).values())
