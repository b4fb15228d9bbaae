"""Artifacts folders of machines that measured the same model, unless a test wants another."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from docker.share.machines import Asked, read_given, read_machines, side_by_side
from stages.artifacts import Artifacts, write_record
from stages.files.checksums import sha256, write_checksums
from stages.folder.access import writing
from stages.isa import LADDER
from stages.machines.entries import Entry, entries_of
from stages.machines.machine import Machine
from stages.machines.prices import COLUMNS
from stages.records.base import Interval, Provenance, Source
from stages.records.cell import Cell, Measurement
from stages.records.profile import ProfileRecord
from tests.unit import records
from tests.unit.records import HOST, MAKER, SOURCE, measured, profile, repeat, run

FLAGS = sorted({flag for isa in LADDER for flag in isa.flags})
RATES = (10.0, 9.8, 10.1, 9.9, 10.0, 10.2)


def cell(precision: str, isa: str, *rates: float, **changes: Any) -> Cell:
    """Return a measured cell whose rounds had these images/s."""
    made = measured(precision, isa, rates[0], **changes)
    assert made.measurement
    runs = [run(rate, number) for number, rate in enumerate(rates, 1)]
    middle = sorted(rates)[len(rates) // 2]
    figure = Interval(estimate=middle, low=min(rates), high=max(rates))
    return replace(made, measurement=_with_rounds(made.measurement, figure, runs))


def _with_rounds(made: Measurement, figure: Interval, runs: Sequence[Any]) -> Measurement:
    offline = replace(made.offline, throughput_images_per_s=figure, runs=[*runs])
    stream = replace(made.single_stream, runs=[*runs])
    return replace(made, offline=offline, single_stream=stream)


def measure(
    root: Path,
    *cells: Cell,
    weights: bytes = b"w",
    data: Source = SOURCE,
    made: str = "2026-11-26T17:24:05Z",
    **host: Any,
) -> Path:
    """Leave what train, quantize and profile leave on a machine, of any CPU; return the folder."""
    of_host = replace(HOST, **{"cpu_flags": FLAGS, "boot_id": str(root), **host})
    record = replace(profile(*cells, host=of_host), data=data, maker=Provenance(made=made))
    twice = cells[-1].measurement
    assert twice
    again = repeat(precision=cells[-1].precision, isa=cells[-1].requested_isa, measurement=twice)
    return leave(root, replace(record, repeat=again), weights)


def leave(
    root: Path,
    record: ProfileRecord,
    weights: bytes = b"w",
    images: bytes = b"i",
    trained: Provenance = MAKER,
) -> Path:
    """Leave a record of profile, with what it was made from."""
    with writing(root, "profile"):
        made = Artifacts(root)
    train, quantize, profiled = made.train, made.quantize("itex"), made.profile("itex")
    for model in (train.model, quantize.model):
        model.mkdir(parents=True)
        (model / "saved_model.pb").write_bytes(weights)
    write_record(train.record, replace(records.train(), maker=trained))
    write_record(quantize.record, records.quantize())
    train.test.parent.mkdir()
    train.test.write_bytes(images)
    write_checksums(train.path)
    write_checksums(quantize.path)
    profiled.path.mkdir()
    sums = [sha256(path / "SHA256SUMS") for path in (train.path, quantize.path)]
    write_record(profiled.record, replace(record, train_sha256=sums[0], quantize_sha256=sums[1]))
    write_checksums(profiled.path)
    return root


def read(*given: str | Path) -> list[Machine]:
    """Return the machines as the command reads them."""
    return read_machines([read_given(str(one)) for one in given])


def entries(*given: str | Path) -> list[Entry]:
    """Return their cells, without prices."""
    return entries_of(read(*given), {})


def shown(*given: str | Path, **options: str) -> str:
    """Return what the command prints of machines that are to be trusted."""
    texts = side_by_side(Asked([*map(str, given)], **options), Path("/nowhere"))
    return "\n".join(texts)


def prices(tmp_path: Path, names: Sequence[str], *per_hour: float) -> str:
    """Return a file with a price for each machine, 0.36 USD by the hour unless another is given."""
    path = tmp_path / "prices.csv"
    rows = [
        f"{name},X,eu,USD,{price},4,2026-11-20,a list"
        for name, price in zip_longest(names, per_hour, fillvalue=0.36)
    ]
    path.write_text("\n".join([",".join(COLUMNS), *rows]))
    return str(path)


def figures(text: str, cell: str, machine: str) -> list[str]:
    """Return the words beside a machine's name below that of a cell, as `AVX2 fp32`."""
    lines = text.splitlines()
    below = map(str.split, lines[lines.index(cell) + 1 :])
    return next(words[1:] for words in below if words[:1] == [machine])


def row(text: str, *beginning: str) -> list[str]:
    """Return the words of the first line that begins with these words."""
    lines = (line.split() for line in text.splitlines())
    return next(words for words in lines if words[: len(beginning)] == [*beginning])
