"""Another machine's engine, by a script: what is prepared there, and what is fetched from there."""

import io
import json
import os
import shutil
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from docker import containers, images
from docker.build.graph import Stage, read_stages
from docker.containers import CHECKOUT, STARTED_BY
from docker.host import env_file
from docker.host.client import TIMED_OUT, Answer
from docker.host.elsewhere import engine_at
from docker.host.variables import GID, UID
from docker.outcome import Outcome
from docker.paths import COMPOSE_FILE, ROOT
from docker.remote import runner, volume
from docker.remote.fetching import fetch
from docker.remote.runner import VOLUME_FILE, Remote, require_possible
from docker.remote.sending import send
from docker.remote.volume import Volume
from docker.reproduce.locked_images import ResolvedImage
from stages.artifacts import Artifacts, verify
from stages.command_line import load
from stages.errors import EngineError, InputCorruptError, SettingsError, StageError
from stages.files import left_overs
from stages.files.checksums import write_checksums
from stages.folder import history
from stages.folder.usable import prepare
from stages.settings import env_name
from tests.unit.docker.fake_engine import HEALTHY

HOST = "ssh://me@vm"
SETTINGS = load({})
# What the volume has is the tar files in `there`, each by the path that is asked for.
SCRIPT = """\
import json, os, pathlib, sys
folder = pathlib.Path({folder!r})
words = sys.argv[1:]
with (folder / "asked").open("a") as log:
    log.write(json.dumps([os.environ.get("DOCKER_HOST", ""), *words]) + "\\n")
answers = json.loads((folder / "answers").read_text())
for start, (code, output, errors, _) in answers.items():
    if " ".join(words).startswith(start):
        print(output)
        sys.exit(code and (print(errors, file=sys.stderr) or code))
if words[0] == "create":
    print("pulling, of which nobody asked\\nf00d")
if words[:2] == ["cp", "-"]:
    (folder / "sent").write_bytes(sys.stdin.buffer.read())
elif words[0] == "cp":
    path = words[1].partition(":/artifacts/")[2].replace("/", "+")
    if not (folder / "there" / path).exists():
        sys.exit("Error response from daemon: Could not find the file " + path)
    content = (folder / "there" / path).read_bytes()
    sys.stdout.buffer.write(content)
    if (folder / "broken").exists():
        sys.exit("unexpected EOF")
"""


class There:
    """What the script was asked, and the folders that the volume has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "there").mkdir()
        (folder / "answering.py").write_text(SCRIPT.format(folder=str(folder)))
        program = folder / "docker"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {folder}/answering.py "$@"\n')
        program.chmod(0o755)
        self.answer()

    def answer(self, **answers: tuple[int, str, str, float]) -> None:
        (self.folder / "answers").write_text(json.dumps({**HEALTHY, **answers}))

    @property
    def asked(self) -> list[list[str]]:
        path = self.folder / "asked"
        return [*map(json.loads, path.read_text().splitlines())] if path.exists() else []

    def has(self, name: str, files: Mapping[str, str], change: "Change | None" = None) -> None:
        """Have a stage's folder there, as `docker cp` gives it."""
        made = self.folder / "made" / name
        shutil.rmtree(made, ignore_errors=True)
        for path, text in files.items():
            (made / path).parent.mkdir(parents=True, exist_ok=True)
            (made / path).write_text(text)
        write_checksums(made)
        with tarfile.open(self.folder / "there" / f"{name}+SHA256SUMS", "w") as tar:
            tar.add(made / "SHA256SUMS", "SHA256SUMS")
        with tarfile.open(self.folder / "there" / name, "w") as tar:
            tar.add(made, name)
            if change:
                change(tar)


Change = Callable[[tarfile.TarFile], None]
TRAIN = {"train.json": "{}", "model/weights": "1.5"}


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[There]:
    folder = tmp_path / "engine"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    with engine_at(HOST):
        yield There(folder)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return prepare(tmp_path / "artifacts")


def fetched(root: Path, *programs: str) -> tuple[list[str], list[str]]:
    return fetch(Volume(root), "image", SETTINGS, programs)


def test_what_is_whole_there_comes_and_a_second_time_stays(there: There, root: Path) -> None:
    there.has("train", TRAIN)
    there.has("peers", {"peers.json": "{}"})
    assert fetched(root) == (["train"], [])
    assert (root / "train/model/weights").read_text() == "1.5"
    verify(root / "train")
    assert fetched(root, "peers") == (["peers"], ["train"])
    assert all(words[0] == HOST for words in there.asked)
    made = [words[1] for words in there.asked if words[1] in ("create", "rm")]
    assert made == ["create", "rm"] * 2


def test_what_is_damaged_here_comes_again(there: There, root: Path) -> None:
    there.has("train", TRAIN)
    fetched(root)
    (root / "train/model/weights").write_text("1.6")
    assert fetched(root) == (["train"], [])
    verify(root / "train")


def test_an_earlier_measurement_of_this_folder_is_kept(
    there: There, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.has("profile", {"measurements.json": "1"})
    fetched(root)
    kept: list[str] = []

    def keep(replaced: Path) -> bool:
        kept.append(_text(replaced))
        return False

    monkeypatch.setattr(history, "keep", keep)
    there.has("profile", {"measurements.json": "2"})
    assert fetched(root) == (["profile"], [])
    assert kept == ["1"]
    assert _text(root / "profile") == "2"


def _text(profile: Path) -> str:
    return (profile / "measurements.json").read_text()


def _link(tar: tarfile.TarFile) -> None:
    member = tarfile.TarInfo("train/link")
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    tar.addfile(member)


def _member(name: str, content: bytes = b"x") -> Change:
    def add(tar: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))

    return add


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (_link, "the engine gives 'train/link', which no stage leaves"),
        (_member("train/../../outside"), "the engine gives 'train/../../outside'"),
        (_member("/outside"), "the engine gives '/outside'"),
        (_member("train/more"), "is not listed in SHA256SUMS"),
        (_member("train/train.json", b"again"), "the engine gives 'train/train.json'"),
        (_member("train/train.json/below"), "the engine gives 'train/train.json/below'"),
    ],
)
def test_what_no_stage_left_is_refused_and_nothing_changes(
    change: Change, line: str, there: There, root: Path
) -> None:
    there.has("train", TRAIN, change)
    before = sorted(root.iterdir())
    with pytest.raises(StageError, match=line):
        fetched(root)
    assert sorted(path for path in root.iterdir() if path.name != ".lock") == before
    assert not (root.parent / "outside").exists()


def test_what_does_not_come_to_its_end_is_no_folder(there: There, root: Path) -> None:
    there.has("train", TRAIN)
    fetched(root)
    there.has("train", {**TRAIN, "more": "x" * 100_000})
    whole = there.folder / "there/train"
    whole.write_bytes(whole.read_bytes()[:50_000])
    with pytest.raises(EngineError, match=f"train does not come .*; make sure that {HOST} answers"):
        fetched(root)
    whole.write_bytes(b"no tar " * 100_000)
    with pytest.raises(EngineError, match="train does not come"):
        fetched(root)
    (there.folder / "broken").touch()
    with pytest.raises(EngineError, match=r"SHA256SUMS does not come \(unexpected EOF\)"):
        fetched(root)
    verify(root / "train")
    assert sorted(path.name for path in root.iterdir()) == [".lock", ".vgg19-artifacts", "train"]


OWNER = {"STAGES_UID": "10001", "STAGES_GID": "10002"}


def sent(root: Path, *programs: str) -> list[str]:
    return send(Volume(root), "image", SETTINGS, programs, OWNER)


def test_the_models_that_a_stage_takes_are_sent_once(there: There, root: Path) -> None:
    there.has("train", TRAIN)
    fetched(root)
    (there.folder / "there/train+SHA256SUMS").unlink()
    assert sent(root, "profile", "compare") == ["train"]
    with tarfile.open(there.folder / "sent") as tar:
        members = {member.name: (member.uid, member.gid) for member in tar}
    new = min(members)
    assert {*members.values()} == {(10001, 10002)}
    assert {name.removeprefix(new) for name in members} >= {"", "/train.json", "/SHA256SUMS"}
    placed = next(words for words in there.asked if words[1] == "run")
    assert placed[-3:-1] == [new, "train"]
    assert left_overs.owner_of(root / new) == left_overs.owner_of(root / placed[-1]) == "train"
    there.has("train", TRAIN)
    assert sent(root, "profile", "compare") == []


@pytest.mark.parametrize(
    ("programs", "names"),
    [
        (("train", "quantize", "profile", "compare"), []),
        (("quantize",), ["train"]),
        (("train",), []),
        (("peers",), ["train", "quantize"]),
        ((), []),
    ],
)
def test_what_is_made_there_is_not_sent(
    programs: tuple[str, ...], names: list[str], there: There, root: Path
) -> None:
    there.has("train", TRAIN)
    there.has("quantize", {"quantize.json": "{}"})
    fetched(root)
    for path in (there.folder / "there").iterdir():
        path.unlink()
    assert sent(root, *programs) == names


def test_what_does_not_get_there_or_is_damaged_here_is_said_to(there: There, root: Path) -> None:
    there.has("train", TRAIN)
    fetched(root)
    (there.folder / "there/train+SHA256SUMS").unlink()
    there.answer(**{"cp - ": (1, "", "no space left on device", 0)})
    with pytest.raises(EngineError, match=r"train does not get there \(no space left on device\)"):
        sent(root, "profile")
    (root / "train/model/weights").write_text("1.6")
    with pytest.raises(InputCorruptError, match="run the train stage again"):
        sent(root, "profile")


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Mapping[str, str]]]:
    """The containers that were started: the service, and the variables for compose."""
    started: list[tuple[str, Mapping[str, str]]] = []

    def start(stage: Stage, environ: Mapping[str, str], _: str) -> Outcome:
        started.append((stage.name, environ))
        return Outcome(0, 0.0)

    def serve(name: str, _: str, variables: Mapping[str, str]) -> None:
        started.append((name, variables))

    monkeypatch.setattr(images, "build_missing", lambda *_: None)
    monkeypatch.setattr(runner, "resolve", lambda image: ResolvedImage(f"id of {image}", "sha"))
    monkeypatch.setattr(containers, "run", start)
    monkeypatch.setattr(containers, "run_service", serve)
    monkeypatch.setattr(env_file, "write", lambda _: pytest.fail(".env is this machine's"))
    return started


def test_stages_run_over_a_volume_there_by_what_that_machine_has(
    there: There, root: Path, prepared: list[tuple[str, Mapping[str, str]]]
) -> None:
    info = {"Name": "vm", "MemTotal": 2**35, "CgroupDriver": "systemd"}
    there.answer(info=(0, json.dumps(info), "", 0))
    stages = [stage for stage in read_stages({}) if stage.name in ("train", "profile")]
    run = Remote.of(root).prepare(stages, SETTINGS, "pipeline", verbose=False)
    for stage in stages:
        run(stage, os.environ)
    volume = Volume(root)
    assert [name for name, _ in prepared] == ["locks", "train", "profile"]
    for _, variables in prepared:
        assert variables["STAGES_MEMORY"] == "30720m"
        assert variables["STAGES_CGROUP_PARENT"] == "-.slice"
        assert variables["STAGES_UID"] == "10001"
        assert variables["CA_BUNDLE"] == ""
    for _, variables in prepared[1:]:
        assert variables["STAGES_VOLUME"] == volume.name
        assert variables[env_name("artifacts")] == f"me@vm:{volume.name}"
        assert variables["COMPOSE_FILE"] == f"{COMPOSE_FILE}:{VOLUME_FILE}"
        assert variables["DOCKER_HOST"] == HOST
    asked = [words[1:] for words in there.asked]
    assert ["volume", "create", volume.name] in asked
    owned = next(words for words in asked if words[0] == "run")
    assert owned[-3:] == ["id of vgg19-train", "10001:10001", "/artifacts"]
    assert f"--volume={volume.name}:/artifacts" in owned


def test_the_container_of_a_killed_run_is_named_with_what_ends_it_there(
    there: There, root: Path, prepared: object
) -> None:
    shown = "it\trunning\t2 hours ago\tp1-1-00000000-1\ttrain"
    there.answer(**{"ps --all --filter=volume=": (0, shown, "", 0)})
    with pytest.raises(StageError, match=f"end it: `docker --host {HOST} rm --force it`"):
        Remote.of(root).prepare(read_stages({})[:1], SETTINGS, "train", verbose=False)


def test_a_volume_that_can_not_be_made_is_said_to_be(
    there: There, root: Path, prepared: object
) -> None:
    there.answer(volume=(1, "", "Error response from daemon: no space left on device", 0))
    with pytest.raises(
        EngineError, match=r"the volume can't be made \(.*no space left on device\)"
    ):
        Remote.of(root).prepare(read_stages({})[:1], SETTINGS, "train", verbose=False)


def test_an_engine_that_is_silent_is_said_to_be(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volume, "ask", lambda *_, **__: Answer(TIMED_OUT))
    with pytest.raises(EngineError, match=r"^the volume can't be made \(it was silent for 120 s\)"):
        Volume(root).create()


def test_a_container_that_prepares_the_volume_is_known_if_it_is_left_over(
    there: There, root: Path
) -> None:
    Volume(root).give({UID: "1", GID: "1"}, "image")
    ((_, *asked),) = there.asked
    assert asked[0] == "run"
    assert {f"--label={CHECKOUT}={ROOT}"} <= {*asked}
    assert [word for word in asked if word.startswith(f"--label={STARTED_BY}=")]


def test_a_machine_of_another_kind_is_refused_before_anything_is_made_there(
    there: There, root: Path, prepared: object
) -> None:
    server = json.dumps({"Os": "linux", "Arch": "arm64", "Version": "28.0.0"})
    there.answer(**{"version --format={{json .Server}}": (0, server, "", 0)})
    with pytest.raises(EngineError, match="the engine runs linux on arm64, and the images are for"):
        Remote.of(root).prepare(read_stages({})[:1], SETTINGS, "train", verbose=False)
    assert not {"volume", "run", "create"} & {words[1] for words in there.asked}


@pytest.mark.parametrize(
    ("runner", "dry_run", "given", "line"),
    [
        ("local", False, {}, "host takes the runner docker; leave out --runner local"),
        ("docker", True, {}, "dry_run works out what this machine would do; leave out host"),
        ("docker", False, {"VGG19_MODEL": "/mine"}, "model names a file of this machine"),
        ("docker", False, {"VGG19_BACKBONE": "./mine"}, "backbone names a file of this machine"),
        ("docker", False, {"VGG19_DATA": "./flowers"}, "data names a file of this machine"),
        (
            "docker",
            False,
            {"https_proxy": "http://localhost:3128"},
            "localhost:3128 is this machine's",
        ),
    ],
)
def test_what_can_not_be_done_there_is_refused(
    runner: str, dry_run: bool, given: dict[str, str], line: str
) -> None:
    stages = [Stage("download", "vgg19-train"), Stage("train", "vgg19-train")]
    with pytest.raises(SettingsError, match=line):
        require_possible(stages, runner, dry_run, given)


def test_every_service_with_artifacts_has_them_in_the_volume_there() -> None:
    services = yaml.safe_load(COMPOSE_FILE.read_text())["services"]
    targets = {
        name: {it["target"] for it in service.get("volumes", ())}
        for name, service in services.items()
    }
    there = yaml.safe_load(VOLUME_FILE.read_text())["services"]
    assert {name for name, paths in targets.items() if "/artifacts" in paths} == {*there}
    for service in there.values():
        assert [it["target"] for it in service["volumes"]] == ["/artifacts"]


def test_another_folder_has_another_volume(tmp_path: Path) -> None:
    names = {Artifacts(tmp_path / name).root for name in ("a", "b")}
    assert len({Volume(root).name for root in names}) == 2
