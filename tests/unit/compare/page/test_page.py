"""The page as a whole: it needs Jinja2 and matplotlib, which only compare's image has."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from stages.artifacts import Artifacts
from stages.common.reasons import MEASURED_IF_ASKED
from stages.compare.effects import compare
from stages.compare.inputs import RuntimeProfile
from stages.compare.page.seen import Seen
from stages.records.base import Source
from stages.records.cell import Accuracy
from stages.stage_folders import CompareFolder
from tests.unit.compare.page.pages import with_images, write
from tests.unit.compare.profiles import (
    UNEQUAL,
    both_runtimes,
    impossible,
    in_groups,
    of_few_rounds,
    of_one_round,
    profiled,
    with_goal,
)
from tests.unit.records import (
    LABELS,
    SHA256,
    interference,
    measured,
    profile,
    quantize,
    repeat,
    run,
    variant,
)
from tests.unit.rehearse.recordings import rehearsal

pytestmark = pytest.mark.image

CELLS = (measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 20.0, top1=0.9))
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x1b[2J\u202egnp.exe{{ 7*7 }}"


@pytest.mark.parametrize(
    "profiles",
    [
        profiled(profile(*CELLS)),
        both_runtimes(),
        of_one_round(),
        profiled(profile(measured("bf16", "AVX512_CORE", 5.0))),
    ],
)
def test_it_needs_nothing_but_itself(tmp_path: Path, profiles: list[RuntimeProfile]) -> None:
    page = write(profiles, tmp_path / "compare")
    assert "script" not in page.tags
    assert all(value.startswith(("data:", "#")) for value in page.values("src", "href"))
    assert "svg" in page.tags
    assert "url(http" not in page.text
    assert "@import" not in page.text
    targets = {value[1:] for value in page.values("href", "xlink:href") if value[:1] == "#"}
    ids = [*page.values("id")]
    assert targets <= {*ids}


def test_every_id_is_there_once(tmp_path: Path) -> None:
    ids = [*write(profiled(profile(*CELLS)), tmp_path / "compare").values("id")]
    assert len(ids) == len({*ids})


def test_names_that_try_to_do_harm_are_text(tmp_path: Path) -> None:
    source = Source(name=HOSTILE, sha256=SHA256, origin=HOSTILE)
    record = replace(
        profile(*CELLS, impossible("bf16", "AVX2", HOSTILE)),
        classes=[HOSTILE, HOSTILE + "2"],
        data=source,
        backbone=source,
    )
    host = replace(
        record.host,
        cpu_model=HOSTILE,
        machine=HOSTILE,
        kernel=HOSTILE,
        versions={HOSTILE: HOSTILE},
    )
    profiles = profiled(replace(record, host=host))
    artifacts = with_images(tmp_path / "artifacts", record.labels)
    page = write(profiles, tmp_path / "compare", artifacts)
    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert not [char for char in page.text if not char.isprintable() and char != "\n"]
    assert "{{ 7*7 }}" in page.text
    assert r"\u202egnp.exe" in page.text
    assert all(value.startswith("data:") for value in page.values("src"))


def test_equal_records_give_equal_bytes(tmp_path: Path) -> None:
    one, other = (write(both_runtimes(), tmp_path / name) for name in ("one", "other"))
    assert one.text == other.text


def test_a_run_that_is_not_to_be_trusted_has_a_banner(tmp_path: Path) -> None:
    record = replace(profile(*CELLS), repeat=repeat(trusted=False, reasons=[UNEQUAL]))
    page = write(profiled(record), tmp_path / "compare")
    assert 'class="caution"' in page.text
    assert "THIS RUN IS NOT TO BE TRUSTED" in page.text
    assert 'class="caution"' not in write(profiled(profile(*CELLS)), tmp_path / "sound").text


def test_too_few_rounds_make_no_interval_of_95_percent(tmp_path: Path) -> None:
    text = write(of_few_rounds(3), tmp_path / "compare").text
    assert text.count("3 rounds are too few for an interval of 95%; add rounds with --more.") >= 3
    assert not re.search("(the|its|bar:) 95% interval|95% intervals over", text)
    assert "of the 95% interval" in write(profiled(profile(*CELLS)), tmp_path / "enough").text


def test_the_banner_of_a_model_at_chance_asks_for_no_rounds(tmp_path: Path) -> None:
    cells = [measured(name, "AVX2", 5.0, top1=0.5) for name in ("fp32", "int8")]
    page = write(profiled(profile(*cells)), tmp_path / "compare")
    assert "AT CHANCE" in page.text
    assert "Take the figures below" not in page.text


def test_images_are_shown_with_what_each_precision_said(tmp_path: Path) -> None:
    record = replace(profile(*CELLS), classes=["rust", "healthy"])
    artifacts = with_images(tmp_path / "artifacts", record.labels)
    page = write(profiled(record), tmp_path / "compare", artifacts)
    assert page.tags.count("img") == 8
    assert "INT8: <bdi>healthy</bdi> (wrong)" in page.text
    assert len(page.text) < 3_000_000


def test_images_of_another_split_or_that_were_changed_are_not_shown(tmp_path: Path) -> None:
    profiles = profiled(profile(*CELLS))
    labels = profiles[0].record.labels
    other = with_images(tmp_path / "other", [1 - label for label in labels])
    page = write(profiles, tmp_path / "one", other)
    assert "Not shown: the test split there is another than the one measured on" in page.text
    damaged = with_images(tmp_path / "damaged", labels)
    content = bytearray(damaged.train.test.read_bytes())
    content[5000] ^= 1
    damaged.train.test.write_bytes(content)
    page = write(profiles, tmp_path / "two", damaged)
    assert "img" not in page.tags
    assert "are not there as train left them" in page.text


def test_what_is_to_be_typed_stands_there_as_code(tmp_path: Path) -> None:
    page = write(profiled(with_goal(0.005)), tmp_path / "compare")
    assert "<dt>ratios wider than ±0.5%</dt>" in page.text
    assert "<code>invoke profile --more compare</code> adds rounds</dd>" in page.text
    assert "`" not in page.text


def test_what_there_are_no_data_for_is_said(tmp_path: Path) -> None:
    page = write(profiled(profile(*CELLS)), tmp_path / "compare")
    names = {path.name for path in (tmp_path / "compare").iterdir()}
    assert {"latency.png", "latency.svg", "precision_isa.svg"} <= names
    assert not {"instances.png", "layers.png"} & names
    for said in ("measured one layout alone", "not both traced"):
        assert said in page.text


def test_the_bound_and_the_checks_are_on_the_page(tmp_path: Path) -> None:
    other = Accuracy(top1=0.99, predictions=[1, *LABELS[1:]], agreement_fp32=0.99, log="log")
    cells = [*CELLS, measured("int8", "AVX512_CORE_VNNI", 9.0, accuracy=other)]
    turns = [run(5.0, 1, disturbed_by=["steal"], interference=interference(steal=0.25))]
    record = profile(measured("fp32", "AVX512_CORE_VNNI", 5.0), *cells)
    twice = record.repeat.measurement
    busy = replace(twice, offline=replace(twice.offline, runs=turns))
    (one,) = profiled(replace(record, repeat=replace(record.repeat, measurement=busy)))
    text = write([replace(one, quantized=quantize(variant("int8")))], tmp_path / "compare").text
    for said in (
        "<dt>accuracy bound</dt><dd>INT8 may lose 1% of FP32",
        "with the recipe minmax, per channel, which was chosen there",
        "100 images are too few to decide a loss of 1%",
        "<dt>measured twice: int8 AVX2</dt>",
        "<dt>disturbed turns</dt>",
        "<dt>saturates: int8 AVX2</dt>",
    ):
        assert said in text


def test_columns_and_legends_are_there_for_what_is(tmp_path: Path) -> None:
    no_model = [impossible("int8_bf16", isa, "none for BF16") for isa in ("AVX2", "AVX512_CORE")]
    page = write(profiled(profile(*CELLS, *no_model)), tmp_path / "compare")
    assert ">INT8_BF16</th>" not in page.text
    assert "<dt>not run: int8_bf16</dt><dd>none for BF16</dd>" in page.text
    for absent in (">remark</th>", "A dashed cell", "A hatched one"):
        assert absent not in page.text
    same = replace(measured("fp32", "AVX512_CORE", 5.0), same_as="AVX2", measurement=None)
    slow = measured("bf16", "AVX2", 5.0)
    reason = f"BF16 would be emulated; {MEASURED_IF_ASKED}"
    cells = [*CELLS, same, slow, impossible("bf16", "AVX512_CORE", reason)]
    page = write(profiled(profile(*cells)), tmp_path / "more")
    for there in (">remark</th>", "no difference shown", "A dashed cell", "A hatched one"):
        assert there in page.text
    assert "<summary>not run: not asked for</summary>" in page.text
    assert "<summary>can't run here</summary>" not in page.text


def test_settings_that_were_given_stand_before_the_defaults(tmp_path: Path) -> None:
    record = profile(*CELLS)
    made = replace(record.maker, settings={"batch_size": 4, "rounds": 0, "precision_goal": 0.02})
    text = write(profiled(replace(record, maker=made)), tmp_path / "compare").text
    _, settings = text.split("Settings other than the default")
    given, defaults = settings.split("left at their default")
    assert "<dt>batch_size</dt><dd>4</dd>" in given
    assert "<dt>rounds</dt><dd>0</dd><dt>precision_goal</dt><dd>0.02</dd>" in defaults


def test_a_rehearsal_is_on_the_page(tmp_path: Path) -> None:
    from stages.compare.draw import draw
    from stages.compare.page.render import write_page
    from stages.compare.rehearsed import Rehearsed

    cells = [*CELLS, impossible("int8", "AVX512_CORE_AMX", "no amx_tile flag")]
    profiles = profiled(profile(*cells))
    found = Rehearsed(rehearsal(tmp_path / "rehearse"), SHA256)
    seen, out = Seen(compare(profiles), profiles, found), CompareFolder(tmp_path)
    draw(out, seen)
    write_page(out, seen, Artifacts(tmp_path / "none"))
    assert "rehearsed, not measured" in out.page.read_text()


def test_page_and_pictures_of_a_run_in_groups_say_that_figures_need_not_divide(
    tmp_path: Path,
) -> None:
    page = write(in_groups(), tmp_path / "groups")
    assert "they were measured in groups, so two figures need not divide to" in page.text
    assert "or through the cell measured twice: cells were measured in groups" in page.text
    assert "over the rounds that both shared" not in page.text
    for name in ("fp32_int8_absolute", "fp32_int8_times"):
        said = "cells were measured in groups: figures need not divide to their ratio"
        assert said in " ".join((tmp_path / "groups" / f"{name}.svg").read_text().split())
    together = write(profiled(profile(*CELLS)), tmp_path / "together")
    assert "in groups" not in together.text


def test_the_memory_that_made_groups_is_shown_and_given_again(tmp_path: Path) -> None:
    (one,) = in_groups()
    host = replace(one.record.host, container=True, memory_gib=23.5, memory_limit_gib=4.0)
    page = write([replace(one, record=replace(one.record, host=host))], tmp_path / "groups")
    assert "23.5 GiB, of which the run might take 4.0 GiB" in page.text
    assert "<code>STAGES_MEMORY=4096m ./bootstrap.py --yes pipeline</code>" in page.text
    together = write(profiled(profile(*CELLS, host=host)), tmp_path / "together")
    assert "of which the run might take 4.0 GiB" in together.text
    whole = replace(host, memory_limit_gib=24.0)
    assert "run might take" not in write(profiled(profile(*CELLS, host=whole)), tmp_path / "w").text
    assert "<code>./bootstrap.py --yes pipeline</code>" in together.text
