"""Whether INT8 keeps its accuracy bound: on validation, and as far as the test split shows it."""

from dataclasses import replace
from pathlib import Path

import pytest

from stages.artifacts import Artifacts, verify, write_record
from stages.compare.bound import bound_rows, judged, loss_interval
from stages.compare.effects import compare
from stages.compare.inputs import RuntimeProfile, read_profiles
from stages.compare.short import render_answers, render_short
from stages.compare.table import render
from stages.folder.handover import handing_over
from stages.records.accuracy import AccuracyDifference
from stages.records.cell import Cell
from stages.records.profile import ProfileRecord
from stages.stage_folders import ProfileFolder, QuantizeFolder
from tests.unit.compare.profiles import both_runtimes, profiled
from tests.unit.compare.test_inputs import make
from tests.unit.records import measured, profile, quantize, same_as, variant

VNNI, BF16 = "AVX512_CORE_VNNI", "AVX512_CORE_BF16"
MADE = replace(
    quantize(replace(variant("int8"), loss=0.004, agreement_fp32=0.98)), labels=[0, 1] * 60
)


def bounded(*cells: Cell) -> list[RuntimeProfile]:
    (one,) = profiled(profile(*cells))
    return [replace(one, quantized=MADE)]


def shown(profiles: list[RuntimeProfile]) -> str:
    return " ".join(
        render_answers(compare(profiles), {it.runtime: it.summaries for it in profiles}).split()
    )


@pytest.mark.parametrize(
    ("images", "better", "worse", "low", "high"),
    [
        # By Clopper and Pearson at 97.5%: quantiles of Beta(1, 150), Beta(1, 150) and Beta(2, 149).
        (150, 0, 0, -0.02879, 0.02879),
        (150, 0, 1, -0.02871, 0.04178),
        (150, 1, 0, -0.04178, 0.02871),
    ],
)
def test_the_interval_of_a_loss_is_by_what_one_of_both_alone_gets_right(
    images: int, better: int, worse: int, low: float, high: float
) -> None:
    found = AccuracyDifference(images=images, better=better, worse=worse, p_value=1.0)
    between = loss_interval(found, images)
    assert between
    assert between.low == pytest.approx(low, abs=1e-5)
    assert between.high == pytest.approx(high, abs=1e-5)
    halved = loss_interval(found, images // 2)
    assert halved
    assert halved.high == pytest.approx(2 * between.high)


def test_a_loss_is_never_more_than_all_and_not_known_if_fp32_is_never_right() -> None:
    found = AccuracyDifference(images=4, better=0, worse=4, p_value=0.1)
    assert loss_interval(found, 0) is None
    between = loss_interval(found, 4)
    assert between
    assert between.high == 1.0


@pytest.mark.parametrize(
    ("images", "worse", "said"),
    [
        (150, 0, "are too few to decide a loss of 1%"),
        (1000, 0, "show no loss above 1%"),
        (1000, 100, "show a loss above 1%"),
    ],
)
def test_images_decide_a_bound_or_are_too_few(images: int, worse: int, said: str) -> None:
    record = compare(bounded(measured("fp32", VNNI, 5.0), measured("int8", VNNI, 20.0)))
    found = AccuracyDifference(images=images, better=0, worse=worse, p_value=1.0)
    row = replace(record.rows[1], accuracy_loss_interval=loss_interval(found, images))
    assert judged(row, record.bounds[0]) == said
    assert judged(row, None) == ""


def test_the_bound_where_it_was_kept_and_what_the_test_split_shows_stand_in_the_result() -> None:
    profiles = bounded(measured("fp32", VNNI, 5.0), measured("int8", VNNI, 20.0, top1=0.99))
    assert [*bound_rows(compare(profiles))] == [
        ("accuracy bound", "INT8 may lose 1% of FP32's top-1"),
        (
            "on validation",
            "loss +0.40% of 120 images, 98.0% as FP32: kept, with the recipe minmax, per channel, "
            "which was chosen there",
        ),
        (
            "on the test split",
            "loss +1.00% (-4.3% to +6.2%), 100.0% as FP32: 100 images are too few to decide a "
            "loss of 1%",
        ),
    ]
    summaries = {it.runtime: it.summaries for it in profiles}
    for text in (render_short(compare(profiles), summaries), render(compare(profiles), summaries)):
        for name in ("accuracy bound  ", "on validation  ", "on the test split  "):
            assert f"\n{name}" in text
    ending = "no more than chance (p = 1); 100 images are too few to decide a loss of 1%"
    assert render(compare(profiles), summaries).rstrip().endswith(ending)


def test_what_is_not_kept_is_not_said_to_be() -> None:
    (one,) = bounded(measured("fp32", VNNI, 5.0), measured("int8", VNNI, 20.0))
    lost = replace(MADE, variants=[replace(variant("int8"), loss=0.02)], tolerable_disagreement=0.1)
    allowed, kept, _ = (text for _, text in bound_rows(compare([replace(one, quantized=lost)])))
    assert allowed.endswith(", and give 10% of all images another class")
    assert "NOT KEPT" in kept


@pytest.mark.parametrize(
    ("images", "wrong", "said"),
    [
        (150, 0, "loss +0.00% (-2.9% to +2.9%) of 150 images: kept by the estimate, with"),
        (1000, 0, "loss +0.00% (-0.4% to +0.4%) of 1000 images: kept, with"),
        (150, 2, "loss +1.33% (-2.8% to +5.3%) of 150 images: NOT KEPT by the estimate, with"),
        (1000, 100, "loss +10.00% (+7.5% to +12.3%) of 1000 images: NOT KEPT, with"),
    ],
)
def test_what_validation_says_of_the_bound_has_its_interval(
    images: int, wrong: int, said: str
) -> None:
    labels = [0] * images
    int8 = replace(variant("int8"), predictions=[1] * wrong + labels[wrong:], loss=wrong / images)
    fp32 = replace(variant("fp32"), predictions=labels)
    (one,) = bounded(measured("fp32", VNNI, 5.0), measured("int8", VNNI, 20.0))
    made = replace(MADE, labels=labels, variants=[fp32, int8])
    texts = dict(bound_rows(compare([replace(one, quantized=made)])))
    assert texts["on validation"].startswith(said)


def test_each_runtime_has_its_bound() -> None:
    profiles = [replace(it, quantized=replace(MADE, runtime=it.runtime)) for it in both_runtimes()]
    names = [name for name, _ in bound_rows(compare(profiles))]
    assert names[::3] == ["accuracy bound itex", "accuracy bound stock"]


@pytest.mark.parametrize(
    ("top1", "said"),
    [
        (1.0, "top-1 100.0%, on the same images; 100 are too few to decide a loss of 1%"),
        (0.99, "no difference shown (p = 1), and too few to decide a loss of 1%"),
        (0.5, "more than chance (p < 0.001), and a loss above 1%"),
    ],
)
def test_the_answer_says_if_the_images_decide_the_bound(top1: float, said: str) -> None:
    profiles = bounded(measured("fp32", VNNI, 5.0), measured("int8", VNNI, 20.0, top1=top1))
    assert said in shown(profiles)


def with_quantize(root: Path, record: ProfileRecord) -> Artifacts:
    """Return artifacts with a profile of the model that a real quantize.json is of."""
    artifacts = Artifacts(root)
    make(artifacts.train.path)
    with handing_over(artifacts.quantize("itex").path) as partial:
        write_record(QuantizeFolder(partial).record, MADE)
    made = replace(
        record,
        train_sha256=verify(artifacts.train.path),
        quantize_sha256=verify(artifacts.quantize("itex").path),
    )
    with handing_over(artifacts.profile("itex").path) as partial:
        write_record(ProfileFolder(partial).record, made)
    return artifacts


def test_the_bound_is_read_from_what_quantize_left_unless_it_was_changed(tmp_path: Path) -> None:
    record = profile(measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 20.0))
    artifacts = with_quantize(tmp_path, record)
    (bound,) = compare(read_profiles(artifacts)).bounds
    assert (bound.tolerable_loss, bound.loss, bound.images) == (0.01, 0.004, 120)
    path = artifacts.quantize("itex").record
    path.write_bytes(path.read_bytes().replace(b"0.004", b"0.001"))
    assert compare(read_profiles(artifacts)).bounds == []


def test_the_cap_that_is_named_is_the_lowest_at_which_the_kernels_ran() -> None:
    cells = [
        *(measured("fp32", isa, 5.0) for isa in ("AVX512_CORE",)),
        *(same_as("fp32", isa, "AVX512_CORE") for isa in (VNNI, BF16)),
        measured("int8", VNNI, 20.0, top1=0.9),
        same_as("int8", BF16, VNNI),
    ]
    profiles = profiled(profile(*cells))
    summaries = {it.runtime: it.summaries for it in profiles}
    assert f"as FP32 here, capped at {VNNI};" in shown(profiles)
    text = render(compare(profiles), summaries)
    assert f"\nModel ({VNNI})" in text
    assert f"\nClass ({VNNI})" in text
    assert f"capped at {VNNI}; " in text.splitlines()[-1]
    assert [(it.isa, it.kernels_isa) for it in summaries["itex"]] == [
        (BF16, "AVX512_CORE"),
        (BF16, VNNI),
    ]
