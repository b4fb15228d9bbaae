import hashlib
import os
import signal
from pathlib import Path

import jsonschema
import pytest
import yaml

from docker import reference
from docker.paths import CLOUD
from tests.unit.deploy.machine import CLONE, COMMIT, SCRIPT, Machine

USER_DATA = (CLOUD / "cloud-init.yaml").read_text()
# What Amazon takes, the least of all clouds.
MAX_BYTES = 16384
# Programs of the packages that Debian calls essential.
ALWAYS_THERE = (
    *("bash", "cat", "cp", "date", "env", "flock", "head", "mkdir", "mv", "rm", "sed", "sleep"),
    *("sha256sum", "tail"),
)
# What cloud-init 22.4, Debian 12's, says of the keys used here, in short.
TEXT = {"type": "string"}
FILE = {
    "type": "object",
    "required": ["path", "content"],
    "additionalProperties": False,
    "properties": {"path": TEXT, "content": TEXT, "permissions": TEXT},
}
USER = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        **{"name": TEXT, "gecos": TEXT, "shell": TEXT, "sudo": TEXT},
        "lock_passwd": {"type": "boolean"},
    },
}
SCHEMA = {
    "additionalProperties": False,
    "properties": {
        "write_files": {"type": "array", "items": FILE},
        "users": {"type": "array", "items": {"anyOf": [{"const": "default"}, USER]}},
        "runcmd": {"type": "array", "items": {"type": "array", "items": TEXT}},
    },
}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_user_data_is_small_enough_for_every_cloud() -> None:
    assert len(USER_DATA.encode()) < MAX_BYTES
    assert USER_DATA.startswith("#cloud-config\n")


def test_the_user_data_is_what_cloud_init_takes() -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(yaml.safe_load(USER_DATA))


def test_the_user_data_carries_the_script_as_it_is() -> None:
    files = {file["path"]: file for file in yaml.safe_load(USER_DATA)["write_files"]}
    script = files["/usr/local/bin/vgg19-run"]
    assert script["content"] == SCRIPT.read_text()
    assert script["permissions"] == "0755"
    assert CLOUD / "cloud-init.yaml" not in reference.stale()


def test_the_job_of_the_user_data_says_what_is_missing(machine: Machine) -> None:
    assert machine.boot(yaml.safe_load(USER_DATA)["write_files"][0]["content"]) == 2
    assert "SOURCE is empty" in machine.status()[1]


def test_a_run_leaves_the_bundle_and_says_so(machine: Machine) -> None:
    assert machine.boot(f'{CLONE}OPTIONS="--data beans --backbone imagenet"\n') == 0
    assert machine.status()[0] == "done"
    assert (machine.folder / "state" / "bundle.tar").read_text() == "packed\n"
    pipeline = "--yes pipeline --data beans --backbone imagenet"
    assert machine.calls()[:3] == ["clone", "--yes doctor", pipeline]
    assert "pipeline at work" in (machine.folder / "state" / "log").read_text()


def test_a_machine_that_starts_again_does_nothing_again(machine: Machine) -> None:
    machine.boot(f"{CLONE}POWER_OFF=yes\n")
    before = machine.calls()
    assert before[-1] == "poweroff"
    assert machine.boot(f"{CLONE}POWER_OFF=yes\n") == 0
    assert machine.calls() == before


def test_a_failure_is_final_too(machine: Machine) -> None:
    machine.give("pipeline", "8")
    assert machine.boot() == 8
    assert machine.boot() == 0
    assert machine.calls().count("--yes pipeline") == 1


@pytest.mark.parametrize("code", [1, 15, 16, 17, 70, 143])
def test_what_doctor_refuses_ends_the_run(machine: Machine, code: int) -> None:
    machine.give("doctor", str(code))
    assert machine.boot(f"{CLONE}POWER_OFF=yes\n") == code
    assert machine.status()[0] == "failed"
    assert machine.status()[1].startswith(f"code {code}: doctor")
    assert "doctor at work" in machine.status()
    assert machine.calls()[-2:] == ["--yes doctor", "poweroff"]


def test_a_missing_instruction_set_ends_the_run_only_if_asked(machine: Machine) -> None:
    machine.give("doctor", "18")
    assert machine.boot() == 0
    (machine.folder / "state" / "status").unlink()
    assert machine.boot(f"{CLONE}ALL_ISAS=yes\n") == 18


def test_what_is_not_to_be_trusted_is_packed_all_the_same(machine: Machine) -> None:
    machine.give("pipeline", "23")
    assert machine.boot() == 23
    assert machine.status()[0] == "done"
    assert "not to be trusted" in machine.status()[1]
    assert (machine.folder / "state" / "bundle.tar").exists()


@pytest.mark.parametrize(("task", "code"), [("pipeline", 8), ("pipeline", 11), ("bundle", 8)])
def test_a_task_that_fails_gives_its_code_and_its_last_lines(
    machine: Machine, task: str, code: int
) -> None:
    machine.give(task, str(code))
    assert machine.boot() == code
    first, second, third, *rest = machine.status()
    assert (first, second.split(":")[0], third.split(",")[0]) == (
        *("failed", f"code {code}", f"step {task}"),
    )
    assert rest[-1] == f"{task} at work"


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ("SOURCE=x\n", "neither COMMIT nor SHA256"),
        (f"{CLONE}SHA256={'0' * 64}\n", "give one"),
        ("SOURCE=x\nCOMMIT=main\n", "no whole hash"),
        ("SOURCE=x\nCOMMIT=0123abc\n", "no whole hash"),
        ("SOURCE=x\nSHA256=00\n", "no sha256"),
        ("SOURCE=(\n", "the value in line 1 of "),
        ("SOURCE=https://h/x?a=1&b=2\n", "the value in line 1 of "),
        ("# job\n\nSOURCE=https://h/x?sig=secret;reboot\n", "the value in line 3 of "),
        ('SOURCE="$(reboot)"\n', "the value in line 1 of "),
        ("SOURCE='a' 'b'\n", "the value in line 1 of "),
        ("OPTIONS='--data beans\n--backbone imagenet'\n", "the value in line 1 of "),
        (f"{CLONE}POWEROFF=yes\n", "line 3 of "),
        (f"{CLONE}VGG19_ROUNDS=20\n", "or export before a variable"),
        (f"{CLONE}POWER_OFF = yes\n", "no NAME=VALUE"),
        (f"{CLONE}POWER_OFF=Yes\n", "POWER_OFF is neither yes nor no"),
        (f"{CLONE}ALL_ISAS=\n", "ALL_ISAS is neither yes nor no"),
    ],
)
def test_a_job_that_can_not_be_done_is_refused_before_anything_is_fetched(
    machine: Machine, job: str, words: str
) -> None:
    assert machine.boot(job) == 2
    assert machine.status()[0] == "failed"
    assert words in machine.status()[1]
    assert machine.calls() == []


@pytest.mark.parametrize(
    "line",
    [
        "OPTIONS='--data beans'  # photographs",
        'OPTIONS="--data beans"',
        "  export VGG19_ROUNDS=20",
        "export https_proxy='http://me:a&b@proxy:3128'",
        "ALL_ISAS=no",
        "# POWEROFF=yes",
    ],
)
def test_what_a_job_may_say_is_taken(machine: Machine, line: str) -> None:
    assert machine.boot(f"{CLONE}{line}") == 0


def test_no_password_of_an_address_is_shown_or_kept(machine: Machine) -> None:
    git = machine.folder / "bin" / "git"
    git.write_text(git.read_text().replace("#!/bin/bash\n", '#!/bin/bash\necho "fatal: $*" >&2\n'))
    machine.give("clone", "128")
    job = f"SOURCE='https://me:secret@h/x?sig=secret&b=1'\nCOMMIT={COMMIT}\n"
    assert machine.boot(job) == 9
    (machine.folder / "codes" / "clone").unlink()
    for name in ("status", "attempts"):
        (machine.folder / "state" / name).unlink()
    assert machine.boot(job) == 0
    kept = [path for path in (machine.folder / "state").rglob("*") if path.is_file()]
    assert len(kept) > 3
    assert not [path for path in kept if b"secret" in path.read_bytes()]


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_says_what_it_does_and_does_nothing(machine: Machine, word: str) -> None:
    with machine.start(CLONE, word) as process:
        shown, _ = process.communicate()
    assert process.returncode == 0
    assert shown.startswith("Runs the pipeline on a machine that was just created")
    assert "/etc/vgg19/job" in shown
    assert machine.calls() == []


def test_an_unknown_word_is_refused(machine: Machine) -> None:
    assert machine.boot(CLONE, "--verson") == 2
    assert machine.calls() == []


def test_a_clone_that_can_not_be_had_is_tried_again_and_then_given_up(machine: Machine) -> None:
    machine.give("clone", "128")
    assert machine.boot() == 9
    assert machine.status()[0] == "failed"
    assert "fetch: try 3 of 3 failed; again in 0 s" in machine.status()


def test_an_unknown_commit_is_not_tried_again(machine: Machine) -> None:
    machine.give("checkout", "128")
    assert machine.boot() == 4
    assert machine.calls() == ["clone"]


def test_an_export_comes_without_git_and_as_soon_as_there_is_a_network(machine: Machine) -> None:
    (machine.folder / "bin" / "git").unlink()
    job = f"SOURCE=https://example.org/vgg19-export.tar.gz\nSHA256={machine.export()}\n"
    machine.give("offline", "2")
    assert machine.boot(job) == 0
    assert machine.calls()[0] == "--yes doctor"


def test_another_export_than_the_one_meant_is_not_run(machine: Machine) -> None:
    machine.export("#!/bin/sh\ntouch $CODES/ran\n")
    assert machine.boot(f"SOURCE=https://example.org/e\nSHA256={'0' * 64}\n") == 4
    assert "another sha256" in machine.status()[1]
    assert machine.calls() == []


def test_what_is_no_archive_is_said(machine: Machine) -> None:
    text = machine.give("export", "<html>log in</html>").read_bytes()
    job = f"SOURCE=https://example.org/e\nSHA256={hashlib.sha256(text).hexdigest()}\n"
    assert machine.boot(job) == 4
    assert "can't be unpacked" in machine.status()[1]


def test_a_run_that_a_shutdown_stops_goes_on_and_fetches_nothing_again(machine: Machine) -> None:
    wait = machine.give("wait-pipeline", "")
    with machine.start() as process:
        machine.when(lambda: "--yes pipeline" in machine.calls())
        os.killpg(process.pid, signal.SIGTERM)  # as systemd does
    assert process.returncode == 143
    assert machine.status()[0] == "stopped"
    wait.unlink()
    assert machine.boot() == 0
    assert machine.status()[:1] == ["done"]
    assert machine.calls().count("clone") == 1


def test_a_power_cut_leaves_a_run_that_goes_on_but_not_for_ever(machine: Machine) -> None:
    machine.give("wait-doctor", "")
    for _ in range(3):
        (machine.folder / "calls").unlink(missing_ok=True)
        with machine.start() as process:
            machine.when(lambda: "--yes doctor" in machine.calls())
            os.killpg(process.pid, signal.SIGKILL)
        assert machine.status()[0] == "running"
    assert machine.boot() == 1
    assert "stopped in the middle 3 times" in machine.status()[1]


def test_a_run_that_was_killed_is_a_failure(machine: Machine) -> None:
    machine.give("wait-pipeline", "")
    with machine.start() as process:
        machine.when(lambda: "--yes pipeline" in machine.calls())
        os.killpg(process.pid, signal.SIGKILL)
    variables = {"EXIT_STATUS": "KILL", "SERVICE_RESULT": "oom-kill"}
    assert machine.boot(CLONE, "ended", **variables) == 137
    assert machine.status()[0] == "failed"
    assert "KILL (oom-kill)" in machine.status()[1]
    assert machine.status()[2].startswith("step pipeline, attempt 1,")


def test_what_has_ended_well_stays_so(machine: Machine) -> None:
    machine.boot()
    before = machine.status()
    assert machine.boot(CLONE, "ended") == 0
    assert machine.status() == before


def test_two_do_not_run_at_once(machine: Machine) -> None:
    machine.give("wait-doctor", "")
    with machine.start() as process:
        machine.when(lambda: "--yes doctor" in machine.calls())
        assert machine.boot() == 21
        assert machine.status()[0] == "running"
        os.killpg(process.pid, signal.SIGKILL)


def test_git_is_installed_if_the_image_has_none(machine: Machine) -> None:
    git = machine.folder / "bin" / "git"
    installed = machine.give("git", git.read_text())
    installed.chmod(0o755)
    git.unlink()
    only = machine.folder / "bin"
    for name in ALWAYS_THERE:
        (only / name).symlink_to(f"/usr/bin/{name}")
    (only / "apt-get").write_text(
        f'#!/bin/bash\n[[ " $* " != *" git "* ]] || cp {installed} {git}\n'
    )
    assert machine.boot(PATH=str(only)) == 0
