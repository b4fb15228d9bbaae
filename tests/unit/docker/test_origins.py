"""A bundle's source is that of the commit it names, as far as a clone can show it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from docker.host import git
from docker.reproduce.locked_images import inputs
from docker.share.manifest import Manifest
from docker.share.origins import compare_with_commit

FILES = {
    "docker/requirements/itex.txt": "itex==1",
    "docker/Dockerfile": "FROM base",
    "docker/requirements/host.txt": "invoke==1",
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


@pytest.fixture
def locks(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The locks as a bundle has them."""
    return Path(shutil.copytree(clone / "docker/requirements", tmp_path_factory.mktemp("b") / "l"))


def manifest_of(clone: Path) -> Manifest:
    commit = (git.ask(clone, "rev-parse", "HEAD") or "").strip()
    return Manifest(
        version="1.0.0", commit=commit, inputs=inputs(root=clone), images={}, sources={}
    )


def test_what_was_packed_from_a_commit_is_that_commits(clone: Path, locks: Path) -> None:
    manifest = manifest_of(clone)
    (clone / "stages/a/b.py").write_text("b = 2")  # later
    line = compare_with_commit(locks, manifest, clone)
    assert line == f"the locks and sources that it names are those of commit {manifest.commit[:12]}"


@pytest.mark.parametrize(
    "name", ["docker/requirements/itex.txt", "docker/Dockerfile", "stages/a/b.py"]
)
def test_what_another_commit_has_otherwise_is_named(name: str, clone: Path, locks: Path) -> None:
    (clone / name).write_text("edited")
    shown = "stages" if name.startswith("stages") else name
    assert compare_with_commit(locks, manifest_of(clone), clone).startswith(
        f"note: {shown} differ from"
    )


def test_a_file_that_may_be_run_is_another(clone: Path, locks: Path) -> None:
    (clone / "stages/a/b.py").chmod(0o755)
    assert "note: stages differ from commit" in compare_with_commit(
        locks, manifest_of(clone), clone
    )


def test_a_commit_that_is_not_there_or_not_named_is_believed(clone: Path, locks: Path) -> None:
    manifest = manifest_of(clone)
    unknown = Manifest(version="1", commit=40 * "0", inputs=manifest.inputs, images={}, sources={})
    assert "note: no commit 000000000000 is in this clone" in compare_with_commit(
        locks, unknown, clone
    )
    none = Manifest(version="1", commit="", inputs=manifest.inputs, images={}, sources={})
    assert "names no commit" in compare_with_commit(locks, none, clone)


@pytest.mark.parametrize("name", ["docker/requirements/itex.txt", "docker/Dockerfile", "stages"])
def test_what_it_does_not_name_is_noticed(name: str, clone: Path, locks: Path) -> None:
    manifest = manifest_of(clone)
    fewer = {key: value for key, value in manifest.inputs.items() if key != name}
    line = compare_with_commit(locks, replace(manifest, inputs=fewer), clone)
    assert line.startswith(f"note: {name} differ from")
    assert "note: " in compare_with_commit(locks, replace(manifest, inputs={}), clone)


def test_a_lock_of_invoke_itself_is_held_against_the_commit(clone: Path, locks: Path) -> None:
    (locks / "host.txt").write_text("evil==1")
    line = compare_with_commit(locks, manifest_of(clone), clone)
    assert line.startswith("note: docker/requirements/host.txt differ from")


def test_a_strangers_names_are_cleaned_and_cut(clone: Path, locks: Path) -> None:
    manifest = manifest_of(clone)
    names = {"\x1b[2J\nverify: all fine": "0", "\u202e": "0", "a" * 800_000: "0"}
    line = compare_with_commit(locks, replace(manifest, inputs=manifest.inputs | names), clone)
    assert line.isprintable()
    assert len(line) < 2000
