"""What a program finds of what it left before: kept, or made again for a reason that is said."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages import __version__
from stages.artifacts import Artifacts, write_record
from stages.common import current
from stages.common.current import Facts, Product, cpu_facts, kept, machine_facts, stays
from stages.common.provenance import maker
from stages.common.source import source_sha256
from stages.files.checksums import CHECKSUMS, write_checksums
from stages.folder.handover import handing_over
from stages.records.base import SCHEMA_VERSION
from stages.records.train import TrainRecord
from stages.settings import Settings
from stages.stage_folders import TrainFolder
from tests.unit.records import HOST, train

FROM: Facts = {"what others left": "a" * 64, "kernel": "6.1", "quota": None}


def product_in(root: Path) -> Product[TrainRecord]:
    folder = Artifacts(root).train
    return Product(program="train", folder=folder, kind=TrainRecord, origins=lambda _: FROM)


def hand_over(product: Product[TrainRecord], model: str = "weights", **changes: Any) -> None:
    record = replace(train(), **{"maker": maker(Settings(), "train"), **changes})
    with handing_over(product.folder.path, stays(product)) as partial:
        (partial / "model_keras.fp32").mkdir()
        (partial / "model_keras.fp32" / "saved_model.pb").write_text(model)
        write_record(TrainFolder(partial).record, record)


@pytest.fixture
def product(tmp_path: Path) -> Product[TrainRecord]:
    made = product_in(tmp_path)
    hand_over(made)
    return made


def states(folder: Path) -> dict[Path, tuple[int, int, bytes]]:
    """Return when each file was written, which file it is, and its content."""
    files = {path: path.stat() for path in [folder, *folder.rglob("*")]}
    return {
        path: (state.st_mtime_ns, state.st_ino, path.read_bytes() if path.is_file() else b"")
        for path, state in files.items()
    }


def test_where_nothing_was_made_it_is_made_without_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source_sha256.cache_clear()
    assert kept(product_in(tmp_path), Settings(), FROM) is None
    assert capsys.readouterr().out == ""
    # As it is when the program starts: a checkout may change while it runs.
    assert source_sha256.cache_info().currsize == 1


def test_what_would_come_out_the_same_is_kept_and_nothing_is_written(
    product: Product[TrainRecord], capsys: pytest.CaptureFixture[str]
) -> None:
    record = json.loads(product.folder.record.read_text())
    record["maker"]["made"] = "2026-11-26T17:24:05Z"
    rewrite(product, record)
    before = states(product.folder.path)
    other_paths = Settings(artifacts=Path("/elsewhere"), locks=Path("/x"), image="sha256:2")
    assert kept(product, other_paths, FROM) is not None
    assert states(product.folder.path) == before
    assert capsys.readouterr().out == (
        "train: current, made 2026-11-26 17:24 UTC; nothing to do (--force train makes it again)\n"
    )


def rewrite(product: Product[TrainRecord], record: Any) -> None:
    """Write another record, by someone who makes the checksums fit again."""
    product.folder.record.write_text(json.dumps(record))
    (product.folder.path / CHECKSUMS).unlink()
    write_checksums(product.folder.path)


@pytest.mark.parametrize(
    ("settings", "now", "words"),
    [
        ({"epochs": 20}, {}, "epochs is 20, was 300"),
        ({"backbone": "https://me:secret@h/m"}, {}, "backbone is https://***@h/m, was embedded"),
        ({}, {"what others left": "b" * 64}, "what others left changed"),
        ({}, {"kernel": "6.2"}, "kernel is 6.2, was 6.1"),
        ({}, {"quota": 1.5}, "quota is 1.5, was none"),
        ({}, {"what peers left": "b" * 64}, "what peers left changed"),
        (
            {"epochs": 1, "seed": 2},
            {"kernel": "", "quota": 2.0},
            "seed is 2, was 0; epochs is 1, was 300; kernel is not given, was 6.1; and 1 more",
        ),
    ],
)
def test_a_difference_is_said_in_words(
    product: Product[TrainRecord],
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, Any],
    now: dict[str, Any],
    words: str,
) -> None:
    assert kept(product, Settings(**settings), {**FROM, **now}) is None
    assert capsys.readouterr().out == f"train: runs again: {words}\n"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": "b" * 64}, "its source changed"),
        ({"version": "9.9.9"}, f"this project is 9.9.9, was {__version__}"),
        ({"packages": {"python": "3.11.2"}}, "python is 3.11.2, was 3.10.14"),
        ({"packages": {}}, "python is not there, was 3.10.14"),
        ({"settings": {"new": ""}}, "new is not given, was not there"),
    ],
)
def test_another_program_is_a_difference(
    product: Product[TrainRecord],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
    words: str,
) -> None:
    # Where more packages are installed than a line names, they would hide the one looked for.
    made = replace(maker(Settings(), "train"), packages={"python": "3.10.14"}, settings={})
    hand_over(product, maker=made)
    other = replace(made, **change)
    monkeypatch.setattr(current, "maker", lambda *_: other)
    assert kept(product, Settings(), FROM) is None
    assert words in capsys.readouterr().out


def test_it_is_made_again_if_it_is_forced(
    product: Product[TrainRecord], capsys: pytest.CaptureFixture[str]
) -> None:
    assert kept(product, Settings(force=("profile",)), FROM) is not None
    assert kept(product, Settings(force=("profile", "train")), FROM) is None
    assert capsys.readouterr().out.endswith("train: runs again: it is forced\n")


def empty(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()


def edit_record(record: Path) -> None:
    record.write_text(record.read_text().replace('"a"', '"b"'))


DAMAGES: dict[str, tuple[Callable[[TrainFolder], object], str]] = {
    "an edited record": (
        lambda folder: edit_record(folder.record),
        "train.json is missing or differs from SHA256SUMS",
    ),
    "an edited model": (
        lambda folder: (folder.model / "saved_model.pb").write_text("other"),
        "saved_model.pb is missing or differs from SHA256SUMS",
    ),
    "a file that is gone": (
        lambda folder: (folder.model / "saved_model.pb").unlink(),
        "saved_model.pb is missing or differs from SHA256SUMS",
    ),
    "no list": (lambda folder: (folder.path / CHECKSUMS).unlink(), "SHA256SUMS is missing"),
    "an empty folder": (lambda folder: empty(folder.path), "SHA256SUMS is missing"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_not_whole_is_made_again_which_is_said(
    product: Product[TrainRecord], capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    change, words = DAMAGES[damage]
    change(TrainFolder(product.folder.path))
    assert kept(product, Settings(), FROM) is None
    line = capsys.readouterr().out
    assert line.startswith("train: runs again: ")
    assert line.endswith(f"{words}\n")


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"schema_version": 6}, f"has schema version 6, this is {SCHEMA_VERSION}"),
        ({"conv_layers": -1}, "can't be read"),
        ({"labels": {"test": [0]}}, "not of one length"),
    ],
)
def test_a_record_that_can_not_be_is_made_again_though_its_checksum_fits(
    product: Product[TrainRecord],
    capsys: pytest.CaptureFixture[str],
    edit: dict[str, Any],
    words: str,
) -> None:
    rewrite(product, json.loads(product.folder.record.read_text()) | edit)
    assert kept(product, Settings(), FROM) is None
    assert words in capsys.readouterr().out


def test_what_an_edited_record_says_steers_no_terminal(
    product: Product[TrainRecord], capsys: pytest.CaptureFixture[str]
) -> None:
    record = json.loads(product.folder.record.read_text())
    record["maker"]["settings"]["data"] = "\x1b[2J\ntrain: current"
    rewrite(product, record)
    assert kept(product, Settings(), FROM) is None
    assert capsys.readouterr().out == (
        r"train: runs again: data is embedded, was \x1b[2J\ntrain: current" + "\n"
    )


def test_what_comes_out_as_before_leaves_every_byte_as_it_was(
    product: Product[TrainRecord], capsys: pytest.CaptureFixture[str]
) -> None:
    before = states(product.folder.path)
    hand_over(product, seconds={"head": 12.5})
    assert states(product.folder.path) == before
    assert "train: came out as before; what was made 20" in capsys.readouterr().out
    assert [path.name for path in product.folder.path.parent.iterdir()] == ["train"]


@pytest.mark.parametrize("changes", [{"model": "others"}, {"conv_layers": 15}])
def test_what_comes_out_otherwise_takes_its_place(
    product: Product[TrainRecord], changes: dict[str, Any]
) -> None:
    before = states(product.folder.path)
    hand_over(product, **changes)
    assert states(product.folder.path) != before


def test_what_was_damaged_is_replaced_though_it_comes_out_as_before(
    product: Product[TrainRecord],
) -> None:
    edit_record(product.folder.record)
    hand_over(product)
    assert kept(product, Settings(), FROM) is not None


@pytest.mark.parametrize(
    "change",
    [
        *({name: "another"} for name in ("cpu_model", "microcode", "machine", "machine_type")),
        *({name: "another"} for name in ("kernel", "governor", "huge_pages")),
        *({"cpu_flags": ["avx2", "amx_tile"]}, {"cores_pinned": [0]}, {"cpu_quota": 1.0}),
    ],
)
def test_times_depend_on_the_machine(change: dict[str, Any]) -> None:
    other = replace(HOST, **change)
    assert machine_facts(other) != machine_facts(HOST)
    of_cpu = {"cpu_model", "cpu_flags", "cores_pinned"}
    assert (cpu_facts(other) != cpu_facts(HOST)) == bool(change.keys() & of_cpu)


def test_memory_and_containers_are_no_part_of_the_machine() -> None:
    other = replace(HOST, container=True, memory_limit_gib=8.0, cores_allowed=[0, 1, 2])
    assert machine_facts(other) == machine_facts(HOST)
