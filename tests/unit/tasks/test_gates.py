"""The gates of the workflow, and the hooks of git: what runs the checks."""

from pathlib import Path
from typing import Any

import yaml

from docker.develop.checks import TESTS
from docker.paths import ROOT
from stages.errors import SettingsError
from tests.commands import invoke

WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
HOOKS = ROOT / ".pre-commit-config.yaml"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def test_an_unknown_kind_of_tests_is_refused() -> None:
    done = invoke("test", "--only", "none")
    assert done.code == SettingsError.exit_code
    kinds = " or ".join(TESTS)
    assert done.output == f"test: error: only can't be 'none'; give {kinds}\n"


def test_the_workflow_has_a_gate_for_lint_and_for_each_kind_of_tests() -> None:
    jobs = read(WORKFLOW)["jobs"]
    commands = {name: job["steps"][-1]["run"] for name, job in jobs.items()}
    assert list(commands) == ["lint", *TESTS]
    assert commands.pop("lint").endswith(" lint")
    assert all(command.endswith(f" test --only {name}") for name, command in commands.items())


def test_the_hooks_of_git_download_nothing() -> None:
    repositories = read(HOOKS)["repos"]
    assert {repository["repo"] for repository in repositories} == {"local"}
    hooks = [hook for repository in repositories for hook in repository["hooks"]]
    assert {hook["language"] for hook in hooks} == {"system"}
