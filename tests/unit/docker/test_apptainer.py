"""What a stage is given in its image by Apptainer, and how it ends there."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from docker import sif
from docker.apptainer import prepare_apptainer
from docker.build.graph import Stage, read_extra, read_stages
from docker.outcome import Outcome
from stages import locks
from stages.errors import EngineError, SettingsError
from stages.setting.programs import DOCTOR, DOWNLOAD, PEERS, REHEARSE, SWEEP
from stages.settings import env_name
from tests.unit.docker.fake_apptainer import FakeApptainer, in_path
from tests.unit.processes import orphan_ends, start

DIGEST = "sha256:1"
ALONE = ["--net", "--network", "none"]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeApptainer:
    """Apptainer, with the images of all stages."""

    def prepare(_program: str, stages: Sequence[Stage]) -> dict[Stage, sif.Sif]:
        return {stage: sif.Sif(Path(f"/sif/{stage.target}.sif"), DIGEST) for stage in stages}

    monkeypatch.setattr(sif, "prepare", prepare)
    monkeypatch.setattr(locks, "SHARED", tmp_path / "vgg19-locks")
    return in_path(tmp_path, monkeypatch)


def run(artifacts: Path, *stages: Stage, **settings: str) -> list[Outcome]:
    started = prepare_apptainer([*stages], artifacts, "pipeline")
    environ = {**os.environ, **settings}
    return [started(stage, environ) for stage in stages]


def of_stages(fake: FakeApptainer) -> list[dict[str, Any]]:
    """Return the calls that started stages: all but the first, which only tries to."""
    return [call for call in fake.calls() if "--workdir" in call["words"]]


def inside(call: dict[str, Any]) -> dict[str, str]:
    """Return the variables that a call gives to what is in the container."""
    prefix = "APPTAINERENV_"
    found = {name: text for name, text in call["environ"].items() if name.startswith(prefix)}
    return {name.removeprefix(prefix): text for name, text in found.items()}


def mounts(call: dict[str, Any]) -> list[str]:
    return [it.removeprefix("--mount=") for it in call["words"] if it.startswith("--mount=")]


def test_stages_run_in_their_images_with_what_compose_gives_them(
    fake: FakeApptainer, tmp_path: Path
) -> None:
    root = tmp_path / "artifacts, mine"
    stages = [*read_stages({}), read_extra(DOCTOR), read_extra(SWEEP), read_extra(PEERS)]
    assert {it.exit_code for it in run(root, *stages, VGG19_ROUNDS="3")} == {0}
    calls = dict(zip((stage.name for stage in stages), of_stages(fake), strict=True))
    for call in calls.values():
        words = call["words"]
        wanted = {"--silent", "--containall", "--cleanenv", "--no-home", "--no-eval", *ALONE}
        assert wanted <= {*words}
        assert f'type=bind,"source={root}",destination=/artifacts' in mounts(call)
        environ = inside(call)
        assert environ["VGG19_ROUNDS"] == "3"
        assert (environ[env_name("artifacts")], environ["STAGES_ARTIFACTS"]) == (
            "/artifacts",
            str(root),
        )
        assert environ[env_name("image")] == DIGEST
        assert "STAGES_MEMORY" not in environ
    image = "/sif/profile-itex.sif"
    assert calls["profile"]["words"][2] == "run"
    assert calls["profile"]["words"][-1] == image
    assert calls[DOCTOR]["words"][2] == "exec"
    assert calls[DOCTOR]["words"][-4:] == [image, "python3", "-m", "stages.doctor"]
    locked = {name for name, call in calls.items() if any("/locks" in it for it in mounts(call))}
    assert locked == {"quantize", "profile", SWEEP, PEERS}
    assert (tmp_path / "vgg19-locks").is_dir()


def test_nothing_else_of_the_users_reaches_a_stage_or_changes_how_it_is_started(
    fake: FakeApptainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("APPTAINER_BIND", "APPTAINERENV_MINE", "SINGULARITY_BIND", "LD_PRELOAD", "MINE"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("APPTAINER_TMPDIR", "/scratch")
    run(tmp_path / "artifacts", *read_stages({}))
    for call in fake.calls():
        names = {name for name in call["environ"] if not name.startswith("APPTAINERENV_VGG19_")}
        assert not names & {"APPTAINER_BIND", "APPTAINERENV_MINE", "SINGULARITY_BIND", "MINE"}
        assert "LD_PRELOAD" not in names
        assert call["environ"]["APPTAINER_TMPDIR"] == "/scratch"


def test_only_download_has_a_network_and_its_passwords(
    fake: FakeApptainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "https_proxy": "http://me:secret@proxy:1",
        env_name("backbone"): "https://me:secret@hub/m",
        env_name("download_mirror"): "https://me:secret@mirror/",
    }
    for name, text in given.items():
        monkeypatch.setenv(name, text)
    stages = [read_extra(DOWNLOAD), *read_stages({}), read_extra(PEERS)]
    run(tmp_path / "artifacts", *stages)
    download, *others = of_stages(fake)
    assert "--net" not in download["words"]
    assert {name: inside(download)[name] for name in given} == given
    assert any(it.endswith("destination=/run/ca-bundle.pem,ro") for it in mounts(download))
    assert not [call for call in others if "secret" in str(call)]
    assert "secret" not in str([call["words"] for call in fake.calls()])
    (train, *_) = others
    assert inside(train)[env_name("backbone")] == "https://***@hub/m"
    assert inside(train)["https_proxy"] == ""


def test_train_sees_pictures_of_the_users_own(fake: FakeApptainer, tmp_path: Path) -> None:
    (tmp_path / "roses").mkdir()
    train, quantize, *_ = read_stages({})
    run(tmp_path / "artifacts", train, quantize, VGG19_DATA=str(tmp_path / "roses"))
    first, second = of_stages(fake)
    given = f"type=bind,source={tmp_path}/roses,destination=/given-data/roses,ro"
    assert given in mounts(first)
    assert given not in mounts(second)
    assert inside(first)["VGG19_DATA"] == inside(second)["VGG19_DATA"] == "/given-data/roses"


def test_where_a_network_of_its_own_can_not_be_had_it_is_said(
    fake: FakeApptainer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.behave("sys.exit(255 if '--net' in words else 0)")
    assert [it.exit_code for it in run(tmp_path / "artifacts", *read_stages({}))] == [0] * 4
    assert capsys.readouterr().out.count("note: stages are not kept from the network") == 1
    assert not [call for call in of_stages(fake) if "--net" in call["words"]]


def test_if_it_can_not_start_an_image_its_reason_is_given_before_any_stage(
    fake: FakeApptainer, tmp_path: Path
) -> None:
    fake.behave("print('FATAL: no user namespaces', file=sys.stderr); sys.exit(255)")
    with pytest.raises(EngineError, match=r"can't start .*\(FATAL: no user namespaces\); fix"):
        run(tmp_path / "artifacts", *read_stages({}))
    assert not of_stages(fake)


def test_without_apptainer_it_is_said(
    fake: FakeApptainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="there is no apptainer or singularity in PATH"):
        run(tmp_path / "artifacts", *read_stages({}))


def test_singularity_gets_variables_by_its_own_name(
    fake: FakeApptainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    singularity = in_path(tmp_path / "other", monkeypatch, "singularity")
    run(tmp_path / "artifacts", *read_stages({}))
    assert not fake.calls()
    (train, *_) = of_stages(singularity)
    assert train["environ"][f"SINGULARITYENV_{env_name('image')}"] == DIGEST


@pytest.mark.parametrize(
    ("code", "outcome", "reason"),
    [
        (0, 0, ""),
        (11, 11, ""),
        (255, EngineError.exit_code, "was not started by "),
        (137, 137, "was killed from outside"),
    ],
)
def test_a_stage_ends_as_in_any_container(
    fake: FakeApptainer, tmp_path: Path, code: int, outcome: int, reason: str
) -> None:
    fake.behave(f"sys.exit({code} if '--workdir' in words else 0)")
    (train, *_) = read_stages({})
    (ended,) = run(tmp_path / "artifacts", train)
    assert ended.exit_code == outcome
    assert ended.reason.startswith(reason)
    assert bool(ended.reason) == bool(reason)


def test_doctor_says_by_what_it_runs_and_makes_no_artifacts_folder(
    fake: FakeApptainer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path / "typo", read_extra(DOCTOR))
    assert capsys.readouterr().out == "engine  apptainer version 1.4.5\n"
    assert not (tmp_path / "typo").exists()
    (doctor,) = of_stages(fake)
    assert "destination=/artifacts" in mounts(doctor)[0]


def test_what_it_says_of_itself_is_shown_on_one_line_and_without_secrets(
    fake: FakeApptainer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "\x1b[31mEVIL\x1b]0;title\a https://me:hunter2@host" + "x" * 500
    fake.behave(f"if words == ['--version']: print({said!r})")
    run(tmp_path / "typo", read_extra(DOCTOR))
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("engine  \\x1b[31mEVIL")
    assert "hunter2" not in line
    assert len(line) < 300


def test_a_path_of_the_host_is_refused(
    fake: FakeApptainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(env_name("emulator"), "/usr/lib/libamxemu.so")
    with pytest.raises(SettingsError, match="is for the local runner"):
        run(tmp_path / "artifacts", read_extra(REHEARSE))
    assert not fake.calls()


SCRIPT = """
import os, sys
from pathlib import Path
from docker import apptainer, sif
from docker.build.graph import Stage
from stages.errors import exit_code_of

def run():
    started = apptainer.Started(sys.argv[1], (), sif.Sif(Path("x.sif"), "sha256:1"))
    print(apptainer._run(Stage("train", "i"), os.environ, Path(sys.argv[2]), started))

sys.exit(exit_code_of("pipeline", run))
"""
WAITS = """
import signal, time
def end(signum, frame):
    os.write(1, b"cleaned up\\n")
    sys.exit(128 + signum)
for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(signum, end)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
os.write(1, b"begun" + b"\\n")
time.sleep(60)
"""


@pytest.mark.parametrize("is_ctrl_c", [False, True])
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_a_stage_clean_up(
    fake: FakeApptainer, tmp_path: Path, signum: signal.Signals, is_ctrl_c: bool
) -> None:
    fake.behave(WAITS)
    with start(SCRIPT, str(fake.program), str(tmp_path), own_group=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        if is_ctrl_c:
            os.killpg(process.pid, signum)
        else:
            process.send_signal(signum)
        output = process.stdout.read()
        assert process.wait() == 128 + signum
    assert output == "cleaned up\n"


def test_the_stage_is_asked_to_end_however_invoke_ends(fake: FakeApptainer, tmp_path: Path) -> None:
    # Killed, Apptainer would leave the stage at work.
    ended = tmp_path / "ended"
    print_pid = WAITS.replace('b"begun"', "str(os.getpid()).encode()")
    fake.behave(print_pid.replace('os.write(1, b"cleaned up\\n")', f"open({str(ended)!r}, 'w')"))
    assert orphan_ends(SCRIPT, str(fake.program), str(tmp_path))
    assert ended.is_file()


def test_locks_name_no_container_that_an_engine_could_end(
    fake: FakeApptainer, tmp_path: Path
) -> None:
    (train, *_) = read_stages({})
    run(tmp_path / "artifacts", train)
    (call,) = of_stages(fake)
    assert inside(call)["STAGES_CONTAINER"] == f"(apptainer, started by process {os.getpid()})"
