import pytest

from tests.unit.deploy.machine import CLONE, COMMIT, Machine


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ("SOURCE=x\n", "neither COMMIT nor SHA256"),
        (f"{CLONE}SHA256={'0' * 64}\n", "give one"),
        ("SOURCE=x\nCOMMIT=main\n", "no whole hash"),
        ("SOURCE=x\nCOMMIT=0123abc\n", "no whole hash"),
        ("SOURCE=x\nSHA256=00\n", "no sha256"),
        ("SOURCE=(\n", "SOURCE in line 1 of "),
        ("SOURCE=https://h/x?a=1&b=2\n", "SOURCE in line 1 of "),
        ("# job\n\nSOURCE=https://h/x?sig=secret;reboot\n", "SOURCE in line 3 of "),
        ('SOURCE="$(reboot)"\n', "SOURCE in line 1 of "),
        ("SOURCE=https://h/x#$(poweroff)\n", "SOURCE in line 1 of "),
        ("SOURCE='https://h/x'#a&poweroff\n", "SOURCE in line 1 of "),
        ("SOURCE='a' 'b'\n", "SOURCE in line 1 of "),
        ("OPTIONS='--data beans\n--backbone imagenet'\n", "OPTIONS in line 1 of "),
        (f"{CLONE}export VGG19_CORES=$(nproc)\n", "the variable in line 3 of "),
        (f"{CLONE}POWEROFF=yes\n", "did you mean POWER_OFF?"),
        (f"{CLONE}export POWEROFF=yes\n", "did you mean POWER_OFF?"),
        (f"{CLONE}Commits=x\n", "did you mean COMMIT?"),
        (f"{CLONE}VGG19_ROUNDS=20\n", "put export before any other variable"),
        (f"{CLONE}POWER_OFF = yes\n", "no NAME=VALUE"),
        (f"{CLONE}POWER_OFF=Yes\n", "POWER_OFF in line 3 of "),
        (f"{CLONE}ALL_ISAS=\n", "ALL_ISAS in line 3 of "),
        (f"{CLONE}OPTIONS='--artifacts /data'\n", "has --artifacts; set VGG19_ARTIFACTS"),
        (f"{CLONE}OPTIONS='--artifacts=/data'\n", "has --artifacts; set VGG19_ARTIFACTS"),
        (f"{CLONE}OPTIONS='--data beans --help'\n", "has --help, by which this machine"),
        (f"{CLONE}OPTIONS='--host=ssh://vm'\n", "has --host, by which this machine"),
        (f"{CLONE}OPTIONS='--help=pipeline'\n", "has --help, by which this machine"),
        (f"{CLONE}OPTIONS='--complete'\n", "has --complete, by which this machine"),
        (f"{CLONE}OPTIONS='-R'\n", "has -R, by which this machine"),
        *(
            (f"{CLONE}export {name}=/elsewhere\n", " sets what is this program's; leave it out")
            for name in ("TRIES", "MAX_ATTEMPTS", "STATE_FOLDER", "JOB_FILE", "PATH")
        ),
        (f"{CLONE}\r\n", "line 3 of "),
        (CLONE.replace("\n", "\r\n"), "ends as lines do on Windows"),
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


@pytest.mark.parametrize("line", ["POWEROFF=yes", "ALL_ISAS=maybe", "SOURCE=(", "COMMIT=main"])
def test_a_refused_job_powers_off_if_it_asked_for_that(machine: Machine, line: str) -> None:
    assert machine.boot(f"{CLONE}{line}\nPOWER_OFF='yes' # at the end\n") == 2
    assert machine.calls() == ["poweroff"]


def test_a_job_that_an_editor_of_windows_saved_powers_off(machine: Machine) -> None:
    job = f"# lines\n{CLONE}POWER_OFF=yes\n".replace("\n", "\r\n")
    assert machine.boot(job) == 2
    assert machine.calls() == ["poweroff"]


def test_what_the_pipeline_refuses_is_said_before_an_engine_is_installed(machine: Machine) -> None:
    machine.give("plan", "2")
    assert machine.boot(f"{CLONE}export VGG19_RUONDS=20\n") == 2
    assert machine.status()[1].startswith("code 2: the pipeline refuses this job")
    assert machine.calls() == ["clone", "--yes pipeline --dry-run"]


def test_no_password_of_an_address_is_shown_or_kept(machine: Machine) -> None:
    git = machine.folder / "bin" / "git"
    # As git does: without the user, with a slash behind the rest.
    shown = "#!/bin/bash\nif [[ $1 == clone ]]; then\n"
    shown += "echo \"fatal: unable to access 'https://h/x?sig=secret&b=1/': $4\" >&2; fi\n"
    git.write_text(git.read_text().replace("#!/bin/bash\n", shown))
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


@pytest.mark.parametrize("words", [("--verson",), ("ended", "now"), ("start",)])
def test_an_unknown_word_is_refused(machine: Machine, words: tuple[str, ...]) -> None:
    assert machine.boot(CLONE, *words) == 2
    assert machine.calls() == []
