"""Which of the user's variables the programs get that we start, and which they don't."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from docker.host.environment import child_environment, context_of, engine_environment
from docker.host.pip_settings import parse_settings, pip_environment
from docker.paths import ROOT

KEPT = {
    "HOME": "/home/me",
    "HTTPS_PROXY": "http://proxy",
    "LANG": "de_DE.UTF-8",
    "LD_LIBRARY_PATH": "/opt/python/lib",
    "PATH": "/usr/bin",
    "PIP_CERT": "/etc/ca.pem",
    "PIP_INDEX_URL": "https://index/simple",
    "PYTHONDONTWRITEBYTECODE": "1",
    "SSL_CERT_FILE": "/etc/ca.pem",
    "VGG19_ROUNDS": "3",
}


def test_what_a_user_needs_is_kept() -> None:
    assert child_environment(KEPT) == KEPT | {"PYTHONUTF8": "1"}


@pytest.mark.parametrize(
    "name",
    [
        *("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"),
        *("GREP_OPTIONS", "INVOKE_RUN_ECHO", "LD_PRELOAD", "TAR_OPTIONS", "VIRTUAL_ENV"),
        *("PIP_DRY_RUN", "PIP_PREFIX", "PIP_PYTHON", "PIP_ROOT", "PIP_TARGET", "PIP_USER"),
        *("PIP_CONSTRAINT", "PIP_REQUIRE_VIRTUALENV", "PIP_NO_BINARY"),
        *("PYTHONHOME", "PYTHONOPTIMIZE", "PYTHONPATH", "PYTHONSAFEPATH", "PYTHONWARNINGS"),
    ],
)
def test_what_changes_what_is_done_is_not(name: str) -> None:
    assert name not in child_environment({**KEPT, name: "1"})


def test_a_search_path_is_always_there() -> None:
    assert child_environment({})["PATH"]


def test_a_place_for_temporary_files_that_is_not_there_is_not_passed_on(tmp_path: Path) -> None:
    assert child_environment({"TMPDIR": str(tmp_path)})["TMPDIR"] == str(tmp_path)
    assert "TMPDIR" not in child_environment({"TMPDIR": str(tmp_path / "missing")})
    assert "TMPDIR" not in child_environment({"TMPDIR": ""})


@pytest.mark.parametrize(
    "name",
    [
        *("COMPOSE_FILE", "COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME", "COMPOSE_ENV_FILES"),
        *("BUILDKIT_HOST", "BUILDX_EXPERIMENTAL", "DOCKER_CONTENT_TRUST"),
        *("DOCKER_DEFAULT_PLATFORM", "SOURCE_DATE_EPOCH", "PYTHONPATH"),
    ],
)
def test_the_engine_does_what_our_commands_say(name: str) -> None:
    assert name not in engine_environment({**KEPT, name: "1"})


def test_the_engine_is_the_users_and_builds_itself() -> None:
    given = {"DOCKER_HOST": "tcp://a:1", "DOCKER_BUILDKIT": "0", "BUILDX_BUILDER": "other"}
    environ = engine_environment(KEPT | given)
    assert environ["DOCKER_HOST"] == "tcp://a:1"
    assert (environ["DOCKER_BUILDKIT"], environ["BUILDX_BUILDER"]) == ("1", "default")
    assert environ["VGG19_ROUNDS"] == "3"


def test_images_are_built_in_the_context_that_is_used(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "rootless"}))
    chosen = {"DOCKER_CONFIG": str(tmp_path)}
    assert context_of(chosen) == "rootless"
    assert engine_environment(chosen)["BUILDX_BUILDER"] == "rootless"
    assert context_of(chosen | {"DOCKER_CONTEXT": "far"}) == "far"
    assert context_of(chosen | {"DOCKER_CONTEXT": "far", "DOCKER_HOST": "unix:///x"}) == "default"


def test_buildx_has_a_folder_of_ours_if_the_home_has_no_room_for_its_own(tmp_path: Path) -> None:
    home = {**KEPT, "HOME": str(tmp_path)}
    assert "BUILDX_CONFIG" not in engine_environment(home)
    (tmp_path / ".docker").mkdir()
    assert "BUILDX_CONFIG" not in engine_environment(home)
    away = {**home, "DOCKER_CONFIG": "/proc/nowhere/docker"}
    assert engine_environment(away)["BUILDX_CONFIG"] == str(ROOT / ".buildx")
    assert engine_environment({**away, "BUILDX_CONFIG": "/b"})["BUILDX_CONFIG"] == "/b"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"currentContext": 3}', "{}", "\udcff"])
def test_a_configuration_that_says_nothing_is_the_default(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(text.encode(errors="surrogateescape"))
    assert context_of({"DOCKER_CONFIG": str(tmp_path)}) == "default"


def test_of_pips_settings_those_that_say_where_packages_come_from_are_taken() -> None:
    listing = """\
:env:.cert='/etc/mine.pem'
global.cert='/etc/ca.pem'
global.extra-index-url='https://a/simple\\nhttps://b/simple'
global.index-url='https://index/simple'
global.target='/elsewhere'
install.index-url='https://other/simple'
install.user='true'
freeze.timeout='10'
"""
    assert parse_settings(listing) == {
        "PIP_CERT": "/etc/mine.pem",
        "PIP_EXTRA_INDEX_URL": "https://a/simple https://b/simple",
        "PIP_INDEX_URL": "https://other/simple",
    }


@pytest.mark.parametrize("value", ["", "x y", "'a", "'\\0'", "[1]", "9" * 5000, "[" * 500])
def test_what_pip_would_not_print_is_passed_over(value: str) -> None:
    listing = f"global.index-url={value}\nglobal.timeout='5'\n"
    assert parse_settings(listing) == {"PIP_TIMEOUT": "5"}


@pytest.mark.parametrize("text", ["[install]\ntarget = /elsewhere\ndry-run = true\n", "broken"])
def test_a_file_of_pips_does_not_change_where_it_installs(text: str, tmp_path: Path) -> None:
    configuration = tmp_path / "pip.conf"
    configuration.write_text("[global]\nindex-url = https://mine/simple\n" + text)
    given = {"PIP_CONFIG_FILE": str(configuration), "HOME": str(tmp_path), "PIP_RETRIES": "7"}
    environ = pip_environment(sys.executable, given)
    listing = subprocess.run(
        [sys.executable, "-I", "-m", "pip", "config", "list"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert ":env:.retries='7'" in listing
    assert ("https://mine/simple" in listing) == (text != "broken")
    assert "elsewhere" not in listing
    assert "dry-run" not in listing
