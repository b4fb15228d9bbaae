import hashlib
import os
import signal

import jsonschema
import pytest
import yaml

from docker import reference
from docker.paths import CLOUD
from tests.unit.deploy.machine import CLONE, SCRIPT, Machine

USER_DATA = (CLOUD / "cloud-init.yaml").read_text()
# What Amazon takes, the least of all clouds.
MAX_BYTES = 16384
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


def test_a_program_that_is_killed_for_want_of_memory_does_not_end_the_run() -> None:
    files = {file["path"]: file["content"] for file in yaml.safe_load(USER_DATA)["write_files"]}
    unit = files["/etc/systemd/system/vgg19.service"].partition("[Service]")[2]
    assert "OOMPolicy=continue" in unit.splitlines()


def test_the_job_of_the_user_data_says_what_is_missing(machine: Machine) -> None:
    assert machine.boot(yaml.safe_load(USER_DATA)["write_files"][0]["content"]) == 2
    assert "SOURCE is empty" in machine.status()[1]


def test_a_run_leaves_the_bundle_and_says_so(machine: Machine) -> None:
    assert machine.boot(f'{CLONE}OPTIONS="--data beans --backbone imagenet"\n') == 0
    assert machine.status()[0] == "done"
    assert (machine.folder / "state" / "bundle.tar").read_text() == "packed\n"
    options = "--data beans --backbone imagenet"
    plan, pipeline = f"--yes pipeline --dry-run {options}", f"--yes pipeline {options}"
    assert machine.calls()[:4] == ["clone", plan, "--yes doctor", pipeline]
    assert "pipeline at work" in (machine.folder / "state" / "log").read_text()


@pytest.mark.parametrize("folder", ["", "mine", "ABSOLUTE"])
def test_table_and_page_are_taken_from_where_the_run_wrote_them(
    machine: Machine, folder: str
) -> None:
    folder = folder.replace("ABSOLUTE", str(machine.folder / "disk"))
    assert machine.boot(f"{CLONE}export VGG19_ARTIFACTS='{folder}'\n") == 0
    state = machine.folder / "state"
    shown = [(state / name).read_text() for name in ("compare.log", "report.html")]
    assert shown == ["the table\n", "the page\n"]


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
    assert machine.calls()[:2] == ["--yes pipeline --dry-run", "--yes doctor"]


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
    job = f"{CLONE}POWER_OFF=yes\n"
    machine.give("wait-doctor", "")
    for _ in range(3):
        (machine.folder / "calls").unlink(missing_ok=True)
        with machine.start(job) as process:
            machine.when(lambda: "--yes doctor" in machine.calls())
            os.killpg(process.pid, signal.SIGKILL)
        assert machine.status()[0] == "running"
    assert machine.boot(job) == 1
    assert "stopped in the middle 3 times" in machine.status()[1]
    assert machine.calls()[-1] == "poweroff"


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


def test_a_run_that_ended_by_a_slip_of_its_own_was_not_short_of_memory(machine: Machine) -> None:
    machine.give("wait-pipeline", "")
    with machine.start() as process:
        machine.when(lambda: "--yes pipeline" in machine.calls())
        os.killpg(process.pid, signal.SIGKILL)
    assert machine.boot(CLONE, "ended", EXIT_STATUS="1", SERVICE_RESULT="exit-code") == 137
    assert machine.status()[1] == "code 137: it was ended by 1 (exit-code); read its log"


def test_a_machine_that_can_not_be_powered_off_says_that_it_costs(machine: Machine) -> None:
    (machine.folder / "bin" / "poweroff").write_text("#!/bin/sh\nexit 1\n")
    assert machine.boot(f"{CLONE}POWER_OFF=yes\n") == 0
    assert machine.status()[0] == "done"
    assert machine.status()[1].endswith("; it can't be powered off, and costs: do so by hand")


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
