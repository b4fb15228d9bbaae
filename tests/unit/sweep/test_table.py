"""What a sweep shows on the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from stages.records.cell import Reason, Validity
from stages.records.sweep import Point, SweepRecord
from stages.sweep.table import answer, render
from tests.unit.sweep.points import ONE, TWO, name, point, points, record


def rows(text: str, *beginning: str) -> list[list[str]]:
    """Return the words of the lines whose first ones are these."""
    lines = (line.split() for line in text.splitlines())
    return [words for words in lines if words[: len(beginning)] == [*beginning]]


def test_the_answer_comes_first_in_one_sentence() -> None:
    sentence = (
        "most images/s: INT8 in 2 processes on 1 core each, in batches of 8: 130.00 "
        "(130.00-130.00); smaller batches do not reach 95% of that"
    )
    assert answer(record()) == sentence
    first = render(record()).partition("\n\n")[0]
    assert " ".join(first.split()) == sentence


def test_the_answer_names_the_knee_if_smaller_batches_are_as_good() -> None:
    of_one = [it for it in points() if it.name.layout == ONE]
    assert answer(record(*of_one)).endswith("batches of 4 reach 95% of that")
    assert "INT8 in 1 process on 2 cores, in batches of 8" in answer(record(*of_one))


def test_the_answer_speaks_of_no_batches_that_were_not_tried() -> None:
    one = answer(record(point([24.0], 40, name(1))))
    assert one == "images/s: INT8 in 1 process on 2 cores, in batches of 1: 24.00 (one round)"
    falling = [point([rate] * 5, 10, name(size)) for size, rate in ((2, 90.0), (4, 80.0))]
    said = "in batches of 2: 90.00 (90.00-90.00); larger batches bring no more"
    assert answer(record(*falling)).endswith(said)


@pytest.mark.parametrize(
    ("rates", "in_doubt", "said"),
    [
        ({1: 96.0, 8: 100.0}, [1], "batches of 1 (INVALID) reach 95% of that"),
        ({1: 96.0, 8: 100.0}, [8], "batches of 1 reach 95% of that"),
        ({1: 50.0, 8: 100.0}, [1], "smaller batches (INVALID) do not reach 95% of that"),
        ({1: 50.0, 2: 60.0, 8: 100.0}, [2], "smaller batches (1 of 2 INVALID) do not reach 95% of"),
        ({1: 100.0, 8: 50.0}, [8], "larger batches (INVALID) bring no more"),
        ({1: 100.0, 2: 50.0, 8: 50.0}, [8], "larger batches (1 of 2 INVALID) bring no more"),
    ],
)
def test_the_answer_marks_what_it_rests_on_if_that_is_in_doubt(
    rates: Mapping[int, float], in_doubt: Sequence[int], said: str
) -> None:
    doubt = Reason(kind="spread", scenario="offline", numbers={"spread": 0.1})
    validity = Validity(valid=False, reasons=[doubt])
    own = [point([rate] * 5, 10, name(size)) for size, rate in rates.items()]
    own = [replace(it, validity=validity) if it.name.batch_size in in_doubt else it for it in own]
    assert f"; {said}" in answer(record(*own))


def test_every_point_has_a_row_with_its_marks() -> None:
    text = render(record())
    assert len(rows(text, "int8", "1", "x", "2")) == len(rows(text, "fp32", "2", "x", "1")) == 4
    (row,) = rows(text, "int8", "1", "x", "2", "4")
    assert row == ["int8", "1", "x", "2", "4", "99.00", "(99.00-99.00)", "40.4", "40.4", "knee"]
    (best,) = rows(text, "int8", "2", "x", "1", "8")
    assert best[-2:] == ["knee", "best"]


def test_no_line_is_wider_than_a_hundred_columns() -> None:
    wide = replace(ONE, num_instances=112, cores_per_instance=112)
    huge = [point([12345.67] * 5, 123456.7, name(4096, wide, "int8_bf16"), batches=10)]
    doubt = Reason(kind="spread", scenario="offline", numbers={"spread": 0.1})
    huge = [replace(it, validity=Validity(valid=False, reasons=[doubt])) for it in huge]
    for made in (record(), record(*huge)):
        assert max(map(len, render(made).splitlines())) <= 100


def test_each_bound_has_each_precisions_choice_or_none() -> None:
    text = render(record(bounds=[30]))
    assert rows(text, "30", "fp32") == [["30", "fp32", "none"]]
    assert rows(text, "30", "int8")[0][2:6] == ["1", "x", "2", "2"]
    assert rows(text, "30", "int8")[0][-1] != "INVALID"


def test_a_latency_that_is_no_p99_is_marked() -> None:
    few = record(point([100.0] * 5, 10, name(1), batches=20))
    (row,) = rows(render(few), "int8", "1", "x", "2", "1")
    assert "max" in row
    assert "fewer than 200 batches" in render(few)
    assert "fewer than 200 batches" not in render(record())


def test_invalid_points_are_marked_and_the_reason_is_said_once_with_its_remedy() -> None:
    noisy = [point([100.0, 150.0, 90.0, 140.0, 110.0], 10, name(size)) for size in (1, 2)]
    text = render(record(*noisy))
    assert rows(text, "int8", "1", "x", "2", "1")[0][-2:] == ["INVALID", "[1]"]
    assert rows(text, "10", "int8")[0][-1] == "INVALID"
    (line,) = [line for line in text.splitlines() if line.startswith("[1]")]
    assert "2 of 2 points" in line
    assert "1 of 1 point: " in render(record(noisy[0]))
    assert "--more" not in text
    assert "--rounds" in text


def test_a_sweep_is_measured_again_by_its_own_name() -> None:
    doubt = Reason(kind="drift", scenario="offline", numbers={"drift": 0.2})
    drifted = replace(
        point([100.0] * 5, 10, name(1)), validity=Validity(valid=False, reasons=[doubt])
    )
    said = " ".join(render(record(drifted)).split())
    assert "give more --rounds, or measure again with --force sweep" in said


def test_after_one_round_no_interval_is_shown() -> None:
    once = record(*[point([100.0], 10, name(size)) for size in (1, 2)])
    assert "100.00 (one round)" in answer(once)
    (row,) = rows(render(once), "int8", "1", "x", "2", "1")
    assert row[5:7] == ["100.00", "10.0"]
    assert "(from-to)" not in render(once)
    assert rows(render(record()), "(from-to)", "95%", "interval")


def test_too_few_rounds_have_no_interval_of_95_percent() -> None:
    few = record(*[point([100.0, 101.0], 10, name(size)) for size in (1, 2)])
    assert "(2 rounds are too few for an interval)" in answer(few)
    text = " ".join(render(few).split())
    assert "95% interval" not in text
    assert "2 rounds are too few for an interval of 95%; give more --rounds" in text


def test_what_was_left_out_and_what_could_not_run_is_said() -> None:
    made = record()
    lacking = replace(made.cells[0], impossible="no amx_tile flag", proofs=[])
    text = render(replace(made, cells=[lacking, made.cells[1]]))
    assert "batch sizes 64: there are 40 test images" in text
    assert rows(text, "not", "run:", "fp32")[0][3:] == ["no", "amx_tile", "flag"]


def with_kernels(made: SweepRecord, *implementations: str) -> SweepRecord:
    (cell,) = made.cells
    proofs = [
        replace(
            it,
            proof=replace(
                it.proof, kernels=[replace(it.proof.kernels[0], implementation=implementation)]
            ),
        )
        for it, implementation in zip(cell.proofs, implementations, strict=True)
    ]
    return replace(made, cells=[replace(cell, proofs=proofs)])


@pytest.mark.parametrize(
    ("kernels", "words"),
    [
        (("a", "a", "a"), "a f32 at all batch sizes"),
        (("a", "b", "b"), "a f32 at 1; b f32 at 2, 4"),
    ],
)
def test_kernels_that_change_with_the_batch_size_are_shown(
    kernels: tuple[str, ...], words: str
) -> None:
    own: list[Point] = [point([100.0] * 5, 10, name(size, TWO)) for size in (1, 2, 4)]
    assert words in " ".join(render(with_kernels(record(*own), *kernels)).split())
