import os
from pathlib import Path

import pytest

from tests.unit.tasks.repository import FILES, commit, git, write


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # A hook of git, which may have started this, names the repository that it is for.
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    root = tmp_path / "repository"
    write(root, FILES)
    git(root, "init", "--quiet")
    git(root, "config", "--global", "user.name", "A Maintainer")
    git(root, "config", "--global", "user.email", "maintainer@example.org")
    commit(root)
    return root
