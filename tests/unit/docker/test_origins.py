"""A bundle's source is that of the commit it names, as far as a clone can show it."""

import subprocess
from pathlib import Path

import pytest

from docker.host import git
from docker.reproduce.locked_images import inputs
from docker.share.manifest import Manifest
from docker.share.origins import compare_with_commit

FILES = {
    "docker/requirements/itex.txt": "itex==1",
    "docker/Dockerfile": "FROM base",
    "stages/a-b.py": "a = 1",
    "stages/a/b.py": "b = 1",
    "docs/page.md": "words",
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of a source with some inputs of images, one of them executable."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "stages/a-b.py").chmod(0o755)
    who = ("-c", "user.name=me", "-c", "user.email=me@h")
    for command in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "first")):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    return tmp_path


def manifest_of(clone: Path) -> Manifest:
    commit = (git.ask(clone, "rev-parse", "HEAD") or "").strip()
    return Manifest(
        version="1.0.0", commit=commit, inputs=inputs(root=clone), images={}, sources={}
    )


def test_what_was_packed_from_a_commit_is_that_commits(clone: Path) -> None:
    manifest = manifest_of(clone)
    (clone / "stages/a/b.py").write_text("b = 2")  # later
    line = compare_with_commit(manifest, clone)
    assert line == f"the locks and sources that it names are those of commit {manifest.commit[:12]}"


@pytest.mark.parametrize(
    "name", ["docker/requirements/itex.txt", "docker/Dockerfile", "stages/a/b.py"]
)
def test_what_another_commit_has_otherwise_is_named(name: str, clone: Path) -> None:
    (clone / name).write_text("edited")
    shown = "stages" if name.startswith("stages") else name
    assert compare_with_commit(manifest_of(clone), clone).startswith(f"note: {shown} differ from")


def test_a_file_that_may_be_run_is_another(clone: Path) -> None:
    (clone / "stages/a/b.py").chmod(0o755)
    assert "note: stages differ from commit" in compare_with_commit(manifest_of(clone), clone)


def test_a_commit_that_is_not_there_or_not_named_is_believed(clone: Path) -> None:
    manifest = manifest_of(clone)
    unknown = Manifest(version="1", commit=40 * "0", inputs=manifest.inputs, images={}, sources={})
    assert "note: no commit 000000000000 is in this clone" in compare_with_commit(unknown, clone)
    none = Manifest(version="1", commit="", inputs=manifest.inputs, images={}, sources={})
    assert "names no commit" in compare_with_commit(none, clone)
