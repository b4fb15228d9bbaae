"""A machine of a cloud as it may be met: silent servers, updates at work, cut-off installations."""

import shutil
import socket
from pathlib import Path

import pytest

from tests.unit.deploy.machine import CLONE, COMMIT, Machine

# Programs of the packages that Debian calls essential.
ALWAYS_THERE = (
    *("bash", "cat", "cp", "date", "env", "flock", "grep", "head", "mkdir", "mv"),
    *("rm", "sed", "sha256sum", "sleep", "tail"),
)


def test_what_powering_off_ends_is_not_called_stopped(machine: Machine) -> None:
    # systemd ends all of the service while `poweroff` is at work.
    (machine.folder / "bin" / "poweroff").write_text(
        "#!/bin/bash\ntrap '' TERM\necho poweroff >>\"$CALLS\"\nkill -TERM 0\nsleep 0.2\n"
    )
    assert machine.boot(f"{CLONE}POWER_OFF=yes\n") == 0
    assert machine.status()[0] == "done"
    assert machine.calls().count("poweroff") == 1


@pytest.mark.parametrize("program", ["git", "curl"])
def test_a_server_that_says_nothing_is_given_up(machine: Machine, program: str) -> None:
    if not shutil.which(program):
        pytest.skip(f"{program} is missing here, and only it can show how it waits")
    (machine.folder / "bin" / program).unlink()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = f"SOURCE=http://127.0.0.1:{silent.getsockname()[1]}/vgg19\n"
        which = f"COMMIT={COMMIT}\n" if program == "git" else f"SHA256={'0' * 64}\n"
        assert machine.boot(source + which, SILENT_S="1", TRIES="1") == 9
    assert machine.status()[0] == "failed"


def test_signs_in_an_address_are_no_pattern_of_curls(machine: Machine) -> None:
    job = f"SOURCE='https://example.org/a[1]?sig={{x}}'\nSHA256={machine.export()}\n"
    assert machine.boot(job) == 0
    asked = (machine.folder / "codes" / "curl-asked").read_text()
    assert "--globoff" in asked
    assert asked.endswith(" -- https://example.org/a[1]?sig={x}\n")


@pytest.mark.parametrize(
    ("state", "looks"),
    [("activating", 2), ("active", 2), ("deactivating", 2), ("inactive", 1), ("failed", 1)],
)
def test_updates_that_are_at_work_are_waited_for_before_anything_is_fetched(
    machine: Machine, state: str, looks: int
) -> None:
    machine.give("states", f"inactive\n\n{state}\n")
    machine.give("clone", "128")
    assert machine.boot() == 9
    assert len((machine.folder / "codes" / "shown").read_text().splitlines()) == looks


def test_what_another_commit_made_is_kept(machine: Machine) -> None:
    machine.boot()
    for name in ("status", "attempts"):
        (machine.folder / "state" / name).unlink()
    assert machine.boot(CLONE.replace(COMMIT, "1" * 40)) == 0
    [kept] = (machine.folder / "state").glob("before-*")
    assert (kept / "source/artifacts/compare/compare.log").read_text() == "the table\n"
    assert (kept / "bundle.tar").is_file()


def test_the_bundle_of_another_commit_is_not_taken_for_one_that_failed(machine: Machine) -> None:
    machine.boot()
    for name in ("status", "attempts"):
        (machine.folder / "state" / name).unlink()
    machine.give("pipeline", "13")
    assert machine.boot(CLONE.replace(COMMIT, "1" * 40)) != 0
    left = {path.name for path in (machine.folder / "state").iterdir()}
    assert not {"bundle.tar", "compare.log", "report.html"} & left


def without_git(machine: Machine) -> Path:
    """Leave a machine the programs of each image alone; return where git would be."""
    git = machine.folder / "bin" / "git"
    machine.give("git", git.read_text()).chmod(0o755)
    git.unlink()
    for name in ALWAYS_THERE:
        (machine.folder / "bin" / name).symlink_to(f"/usr/bin/{name}")
    return git


def test_git_is_installed_if_the_image_has_none(machine: Machine) -> None:
    git = without_git(machine)
    (git.parent / "apt-get").write_text(
        f'#!/bin/bash\n[[ " $* " != *" git "* ]] || cp "$CODES/git" {git}\n'
    )
    assert machine.boot(PATH=str(git.parent)) == 0


def test_an_installation_that_was_cut_off_is_finished_first(machine: Machine) -> None:
    git = without_git(machine)
    dpkg = git.with_name("dpkg")
    dpkg.write_text('#!/bin/bash\necho "$*" >"$CODES/configured"\n')
    dpkg.chmod(0o755)
    (git.parent / "apt-get").write_text(
        '#!/bin/bash\n[[ " $* " == *" git "* ]] || exit 0\n'
        '[[ -e $CODES/configured ]] || { echo "E: dpkg was interrupted" >&2; exit 100; }\n'
        f'cp "$CODES/git" {git}\n'
    )
    assert machine.boot(PATH=str(git.parent)) == 0
    assert (machine.folder / "codes" / "configured").read_text().startswith("--configure -a ")
