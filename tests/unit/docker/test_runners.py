import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from docker import artifacts, containers, images, local_runner, runners
from docker.build.graph import Stage, read_extra, read_stages
from docker.host import emulator, engine, env_file, venv, visibility
from docker.host.engine import EngineInfo
from docker.local_runner import prepare_local
from docker.outcome import Outcome
from docker.paths import ROOT
from docker.reproduce.locked_images import ResolvedImage
from docker.runners import prepare_docker
from stages.common.host.cgroups import Cgroups
from stages.common.host.oom_kills import OomKills
from stages.errors import HostError, SettingsError
from stages.setting.programs import DOCTOR, DOWNLOAD, PEERS, REHEARSE, SWEEP
from stages.settings import env_name
from tests.unit.processes import orphan_ends, start

AUTHORITY = ROOT / "tests" / "data" / "tls" / "authority.pem"
BACKBONE, DATA = env_name("backbone"), env_name("data")
EMULATOR = env_name("emulator")
Started = list[tuple[str, str, Mapping[str, str]]]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """The stages that the local runner started, with their Python and variables."""
    calls: Started = []

    def start(stage: Stage, python: str, environ: Mapping[str, str]) -> Outcome:
        calls.append((stage.name, python, environ))
        return Outcome(0, 0.0)

    def get_or_create(folder: Path, _python: object, locks: Sequence[Path]) -> Path:
        return folder / "+".join(lock.stem for lock in locks)

    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(venv, "get_or_create", get_or_create)
    monkeypatch.setattr(local_runner, "_run_process", start)
    return calls


def run_all(stages: list[Stage], artifacts: Path) -> None:
    run = prepare_local(stages, artifacts, "pipeline")
    for stage in stages:
        run(stage, {"A": "1"})


@pytest.mark.parametrize(
    ("runtime", "middle"), [("itex", ".venv-stages"), ("stock", ".venv-stock")]
)
def test_quantize_profile_and_sweep_run_by_the_chosen_runtime(
    runtime: str, middle: str, started: Started, tmp_path: Path
) -> None:
    environ = {env_name("runtime"): runtime}
    run_all([*read_stages(environ), read_extra(SWEEP, environ)], tmp_path)
    folders = {name: Path(python).parent.name for name, python, _ in started}
    others = {"train": ".venv-stages", "compare": ".venv-stages"}
    assert folders == {**others, **dict.fromkeys(("quantize", "profile", "sweep"), middle)}


def test_peers_gets_both_runtimes(started: Started, tmp_path: Path) -> None:
    run_all([read_extra(PEERS)], tmp_path)
    ((_, python, environ),) = started
    assert Path(python).parts[-2:] == (".venv-stock", "build+stock+peers")
    itex = Path(environ[env_name("itex_python")])
    assert itex.parent.name == ".venv-stages"
    assert itex.name.startswith("build+common+tensorflow+")


def test_rehearse_gets_both_runtimes_and_the_emulator_built_here(
    started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator, "get_or_build", lambda: Path("/built/libamxemu.so"))
    monkeypatch.delenv(EMULATOR, raising=False)
    run_all([read_extra(REHEARSE)], tmp_path)
    ((_, python, environ),) = started
    assert Path(python).parts[-2:] == (".venv-stock", "build+stock+peers")
    assert Path(environ[env_name("itex_python")]).parent.name == ".venv-stages"
    assert environ[EMULATOR] == "/built/libamxemu.so"


def test_an_emulator_that_is_given_is_taken_as_it_is(
    started: Started,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = tmp_path_factory.mktemp("given") / "libamxemu.so"
    library.touch()
    monkeypatch.setenv(EMULATOR, str(library))
    monkeypatch.setattr(emulator, "get_or_build", lambda: pytest.fail("nothing is built"))
    run_all([read_extra(REHEARSE)], tmp_path)
    ((_, _, environ),) = started
    assert EMULATOR not in environ  # it is in the settings, which the stage gets as they are


def test_an_emulator_that_is_not_there_is_refused_before_anything_is_installed(
    started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(EMULATOR, "/no/such.so")
    monkeypatch.setattr(venv, "get_or_create", lambda *_: pytest.fail("nothing is made"))
    with pytest.raises(SettingsError, match=r"'/no/such.so', which is no file; leave it out, and"):
        run_all([read_extra(REHEARSE)], tmp_path)
    assert not started


@pytest.mark.parametrize("name", ["emulator", "itex_python"])
def test_a_path_of_the_host_that_no_container_gets_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(env_name(name), "/usr/bin/true")
    monkeypatch.setattr(engine, "require", lambda: pytest.fail("nothing is asked"))
    with pytest.raises(SettingsError, match=f"{env_name(name)} is for the local runner"):
        prepare_docker([read_extra(REHEARSE)], tmp_path, "rehearse")


def test_only_peers_is_told_of_another_interpreter(started: Started, tmp_path: Path) -> None:
    run_all(read_stages({}), tmp_path)
    expected = {"A": "1", env_name("artifacts"): str(tmp_path)}
    assert [environ for _, _, environ in started] == [expected] * 4


Contained = list[tuple[str, str, Mapping[str, str]]]


@pytest.fixture
def contained(monkeypatch: pytest.MonkeyPatch) -> Contained:
    """The stages that the docker runner started: name, image and variables for compose."""
    calls: Contained = []

    def start(stage: Stage, environ: Mapping[str, str], image: str) -> Outcome:
        calls.append((stage.name, image, environ))
        return Outcome(0, 0.0)

    for module, name in (
        *((engine, "require"), (env_file, "write"), (images, "build_missing")),
        *((visibility, "require_visible"), (runners, "require_free")),
    ):
        monkeypatch.setattr(module, name, lambda *_: None)
    monkeypatch.setattr(engine, "read_info", EngineInfo)
    monkeypatch.setattr(artifacts, "prepare", lambda folder, owner: folder)
    monkeypatch.setattr(runners, "resolve", lambda image: ResolvedImage(image, "sha256:1"))
    monkeypatch.setattr(containers, "run", start)
    return calls


def test_a_run_keeps_to_the_images_that_their_names_meant_at_its_start(
    contained: Contained, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    now_meant = {"vgg19-train": ResolvedImage("id-1", "sha256:1")}
    monkeypatch.setattr(runners, "resolve", lambda image: now_meant[image])
    (train, *_) = read_stages({})
    run = prepare_docker([train], tmp_path, "train")
    run(train, {BACKBONE: "https://me:secret@h/m"})
    now_meant["vgg19-train"] = ResolvedImage("id-2", "sha256:2")  # by a build in another checkout
    run(train, {})
    # And train's container gets the handle without its secrets.
    passed = [(image, it[env_name("image")], it["STAGES_BACKBONE"]) for _, image, it in contained]
    assert passed == [("id-1", "sha256:1", "https://***@h/m"), ("id-1", "sha256:1", "")]


def test_only_trains_container_sees_a_backbone_of_the_users_own(
    contained: Contained, tmp_path: Path
) -> None:
    (tmp_path / "latest").symlink_to(tmp_path / "mine")
    stages = [read_extra(DOWNLOAD), *read_stages({})]
    run = prepare_docker(stages, tmp_path, "pipeline")
    for stage in stages:
        # .env's own, which compose would read, is not what was asked for.
        run(stage, {BACKBONE: str(tmp_path / "latest"), "GIVEN_BACKBONE": "/another"})
    mounted = {name: (it["GIVEN_BACKBONE"], it["STAGES_GIVEN"]) for name, _, it in contained}
    assert mounted.pop("train") == (str(tmp_path / "mine"), "latest")
    assert {*mounted.values()} == {("", "")}
    handles = {(it[BACKBONE], it["STAGES_BACKBONE"]) for _, _, it in contained}
    assert handles == {("/given/latest", "/given/latest")}


def test_only_trains_container_sees_a_model_of_the_users_own(
    contained: Contained, tmp_path: Path
) -> None:
    given = str(tmp_path / "mine.keras")
    stages = [read_extra(DOWNLOAD), *read_stages({})]
    run = prepare_docker(stages, tmp_path, "pipeline")
    for stage in stages:
        run(stage, {"VGG19_MODEL": given, "GIVEN_MODEL": "/another"})
    mounted = {name: (it["GIVEN_MODEL"], it["STAGES_GIVEN_MODEL"]) for name, _, it in contained}
    assert mounted.pop("train") == (given, "mine.keras")
    assert {*mounted.values()} == {("", "")}


def test_only_trains_container_sees_pictures_of_the_users_own(
    contained: Contained, tmp_path: Path
) -> None:
    (tmp_path / "roses").mkdir()
    stages = [read_extra(DOWNLOAD), *read_stages({})]
    run = prepare_docker(stages, tmp_path, "pipeline")
    for stage in stages:
        run(stage, {DATA: str(tmp_path / "roses"), "GIVEN_DATA": "/another"})
    mounted = {name: (it["GIVEN_DATA"], it["STAGES_GIVEN_DATA"]) for name, _, it in contained}
    assert mounted.pop("train") == (str(tmp_path / "roses"), "roses")
    assert {*mounted.values()} == {("", "")}
    assert {it[DATA] for _, _, it in contained} == {"/given-data/roses"}


LOCAL = """
import os, sys
from docker.build.graph import Stage
from docker.local_runner import _run_process
from stages.errors import exit_code_of

def run():
    print(_run_process(Stage("train", "i"), sys.argv[1], os.environ))

sys.exit(exit_code_of("pipeline", run))
"""


def local_python(folder: Path, script: str) -> str:
    """Return the path of a stage's Python, which is a script."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_lets_a_local_stage_clean_up(signum: signal.Signals, tmp_path: Path) -> None:
    waits = (
        "trap 'echo cleaned up; exit 143' TERM HUP INT; echo begun; while :; do sleep 0.05; done"
    )
    with start(LOCAL, local_python(tmp_path, waits)) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signum)
        output = process.stdout.read()
        assert process.wait() == 128 + signum
    # A stage says itself by which signal it ended.
    assert output == "cleaned up\n"


def test_a_local_stage_ends_with_invoke_however_that_ends(tmp_path: Path) -> None:
    assert orphan_ends(LOCAL, local_python(tmp_path, "echo $$; exec sleep 60"))


def test_a_local_stage_that_was_killed_is_said_to_be(tmp_path: Path) -> None:
    with start(LOCAL, local_python(tmp_path, "kill -KILL $$")) as process:
        assert "exit_code=137" in (output := process.communicate()[0])
        assert "was killed from outside" in output
        assert "memory" not in output


def test_a_local_stage_that_the_kernel_killed_for_memory_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = tmp_path / "vmstat"
    counts.write_text("oom_kill 4\n")
    nowhere = Cgroups(tmp_path / "none", tmp_path / "none")
    monkeypatch.setattr(local_runner, "OomKills", lambda: OomKills(nowhere, counts))
    python = local_python(tmp_path, f"echo oom_kill 5 > {counts}; kill -KILL $$")
    outcome = local_runner._run_process(Stage("train", "i"), python, os.environ)
    assert outcome.exit_code == HostError.exit_code
    assert outcome.reason.startswith("was killed by the kernel for want of memory, of which there")


def test_a_stage_without_a_container_gets_the_variables_that_it_should(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n/usr/bin/env > {tmp_path}/environment\n")
    python.chmod(0o755)
    (train, *_) = read_stages({})
    given = {"PYTHONHOME": "/nowhere", "LD_PRELOAD": "", "VGG19_ROUNDS": "3", "PATH": "/usr/bin"}
    assert local_runner._run_process(train, str(python), given).exit_code == 0
    environment = (tmp_path / "environment").read_text().splitlines()
    assert f"PYTHONPATH={ROOT}" in environment
    assert "VGG19_ROUNDS=3" in environment
    assert not [line for line in environment if line.startswith(("PYTHONHOME", "LD_PRELOAD"))]


@pytest.mark.parametrize(
    ("variables", "network"),
    [
        ({"https_proxy": "http://me:secret@127.0.0.1:3128"}, "host"),
        ({env_name("backbone"): "http://localhost:8000/m.tar.gz"}, "host"),
        ({env_name("download_mirror"): "http://me:secret@127.0.0.1:8000/m"}, "host"),
        ({"https_proxy": "http://proxy:3128"}, None),
        ({"https_proxy": "http://127.0.0.1:3128", "DOWNLOAD_NETWORK": "mine"}, None),
    ],
)
def test_download_reaches_a_proxy_of_this_machine(
    variables: dict[str, str], network: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    download = read_extra(DOWNLOAD)
    assert runners._network_of(download, variables).get("DOWNLOAD_NETWORK") == network
    assert "secret" not in capsys.readouterr().out
    (train, *_) = read_stages({})
    assert runners._network_of(train, variables) == {}


def test_download_finds_the_users_own_caches_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nenv > {tmp_path}/environment\n")
    python.chmod(0o755)
    monkeypatch.setattr(local_runner, "from_here", lambda path: tmp_path / path)
    given = {"KERAS_HOME": "keras", "TFDS_DATA_DIR": "", "PATH": os.environ["PATH"]}
    assert local_runner._run_process(read_extra(DOWNLOAD), str(python), given).exit_code == 0
    lines = (tmp_path / "environment").read_text().splitlines()
    assert f"KERAS_HOME={tmp_path}/keras" in lines


def test_only_download_is_told_of_secrets(tmp_path: Path) -> None:
    """As processes of this machine, with a stand-in for Python that shows its environment."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nenv > {tmp_path}/"$2"\n')
    python.chmod(0o755)
    proxies = {"https_proxy": "http://me:secret@proxy:1", "ALL_PROXY": "http://me:secret@proxy:1"}
    handle, mirror = "https://me:secret@hub/m?key=hidden", "https://me:secret@mirror/"
    environ = {
        **proxies,
        local_runner.MIRROR: mirror,
        "PATH": os.environ["PATH"],
        "PIP_INDEX_URL": "http://me:secret@index",
        "MLFLOW_TRACKING_PASSWORD": "secret of mlflow",
        "MLFLOW_TRACKING_URI": "http://me:secret@mlflow",
    }
    stages = [*read_stages({}), read_extra(PEERS), read_extra(DOCTOR)]
    for stage in (read_extra(DOWNLOAD), *stages):
        local_runner._run_process(stage, str(python), {**environ, BACKBONE: handle})
    shown = {path.suffix[1:]: path.read_text() for path in tmp_path.glob("stages.*")}
    assert "secret@proxy" in shown[DOWNLOAD]
    assert f"{local_runner.MIRROR}={mirror}\n" in shown[DOWNLOAD]
    assert "SSL_CERT_FILE=" in shown[DOWNLOAD]
    assert f"{BACKBONE}={handle}\n" in shown.pop(DOWNLOAD)
    assert not [name for name, text in shown.items() if "secret" in text or "hidden" in text]
    assert {name for name, text in shown.items() if BACKBONE in text} == {"train"}
    assert not [name for name, text in shown.items() if local_runner.MIRROR in text]
    assert f"{BACKBONE}=https://***@hub/m?***\n" in shown["train"]
    assert len(shown) == len(stages)


def test_doctors_container_gets_an_empty_folder_in_place_of_artifacts_that_are_not_there(
    contained: Contained, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(artifacts, "prepare", lambda *_: pytest.fail("none is made"))
    seen: list[tuple[bool, list[Path]]] = []

    def look(_stage: Stage, environ: Mapping[str, str], _image: str) -> Outcome:
        folder = Path(environ[env_name("artifacts")])
        seen.append((folder.is_dir(), [*folder.iterdir()]))
        return Outcome(0, 0.0)

    monkeypatch.setattr(containers, "run", look)
    doctor = read_extra(DOCTOR)
    assert prepare_docker([doctor], tmp_path / "typo", DOCTOR)(doctor, {}).exit_code == 0
    assert seen == [(True, [])]
    assert not (tmp_path / "typo").exists()


def test_doctors_container_sees_the_artifacts_that_are_there(
    contained: Contained, tmp_path: Path
) -> None:
    doctor = read_extra(DOCTOR)
    prepare_docker([doctor], tmp_path, DOCTOR)(doctor, {})
    assert [it[env_name("artifacts")] for _, _, it in contained] == [str(tmp_path)]


def test_doctor_makes_no_artifacts_folder(started: Started, tmp_path: Path) -> None:
    run_all([read_extra(DOCTOR)], tmp_path / "typo")
    assert [name for name, *_ in started] == [DOCTOR]
    assert not (tmp_path / "typo").exists()
