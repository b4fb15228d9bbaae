"""From two workers to a cell: kernels, tiles, reasons and answers, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from stages.common.entries import Entry
from stages.errors import ProofError, WorkerError
from stages.isa import AMX
from stages.rehearse import workers
from stages.rehearse.run import rehearse
from stages.rehearse.workers import Conditions
from tests.unit.records import quantize
from tests.unit.rehearse.recordings import RecordedWorker, conditions, rehearsed

ENTRY = Entry("itex", "int8", Path("/model"))


def test_each_convolution_ran_on_amx_and_by_vnni_without(tmp_path: Path) -> None:
    cell = rehearsed(tmp_path)
    convolutions = [layer for layer in cell.layers if layer.primitive == "convolution"]
    assert len(convolutions) == 16
    assert {layer.kernel for layer in convolutions} == {"brgconv:avx512_core_amx"}
    assert all("avx512_core_vnni" in layer.kernel_without for layer in convolutions)
    assert {layer.source_type for layer in convolutions} == {"u8", "s8"}
    assert cell.without.isa == "AVX512_CORE_VNNI"


def test_what_stays_off_amx_is_said_to_be_onednns_choice(tmp_path: Path) -> None:
    (head,) = (layer for layer in rehearsed(tmp_path).layers if not layer.on_amx)
    assert (head.primitive, head.tiles, head.bound) == ("matmul", None, None)
    assert head.why_not == "oneDNN chose brg:avx512_core_vnni"


def test_what_multiplies_nothing_is_counted_by_kind(tmp_path: Path) -> None:
    others = {other.primitive: other.count for other in rehearsed(tmp_path).others}
    assert others == {"pooling": 5, "reorder": 3, "softmax": 1}


def test_the_tiles_of_a_layer_are_those_of_its_threads_while_it_ran(tmp_path: Path) -> None:
    first, second, *_ = rehearsed(tmp_path).layers
    assert first.tiles
    assert second.tiles
    assert (first.tiles.products, first.tiles.loads, first.tiles.stores) == (301056, 301056, 100352)
    # Three channels of 64 possible, filled up to twelve bytes.
    assert first.tiles.useful / first.tiles.possible == 12 / 64
    # 8 images, 64 channels to 64 of 224 x 224, by 3 x 3: each multiplied once.
    assert second.tiles.useful == second.operations // 2 == 8 * 64 * 64 * 9 * 224 * 224


def test_bf16_is_compared_with_the_cap_that_has_its_vectors(tmp_path: Path) -> None:
    cell = rehearsed(tmp_path, "bf16")
    assert cell.without.isa == "AVX512_CORE_BF16"
    assert all(layer.on_amx for layer in cell.layers)
    assert len(cell.layers) == 17
    assert cell.answers.equal == 1
    assert cell.answers.differing == 0
    assert cell.answers.largest_bf16_steps == 2.0  # at 0.25 a step is half of that at 0.75


def test_int8_is_equal_bit_for_bit(tmp_path: Path) -> None:
    answers = rehearsed(tmp_path).answers
    assert (answers.equal, answers.largest_difference, answers.largest_bf16_steps) == (2, 0.0, None)


def test_ops_are_not_guessed_if_quantize_saw_another_order(tmp_path: Path) -> None:
    assert {layer.op for layer in rehearsed(tmp_path, record=quantize()).layers} == {""}


def test_the_kept_logs_have_no_time(tmp_path: Path) -> None:
    cell = rehearsed(tmp_path)
    for side in (cell.with_amx, cell.without):
        lines = (tmp_path / "proof" / side.log).read_text().splitlines()
        executions = [line for line in lines if ",exec," in line]
        assert len(executions) == len(cell.layers) + 9
        assert all(line.endswith(",-") for line in executions)


class Dying(RecordedWorker):
    """A worker that dies by an instruction that is not emulated."""

    def send(self, request: Any) -> None:
        said = "amxemu: not emulated: TDPFP16PS, which is not claimed without AMXEMU_FP16=1\n"
        self._log.write_text(f"loading\n{said if self._emulated else ''}Illegal instruction\n")
        raise WorkerError("measuring int8 was ended by SIGILL; the lines above are its end")


def test_what_the_emulator_said_of_an_instruction_is_shown(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match="ended by the emulator: amxemu: not emulated: TDPFP16PS"):
        rehearse(ENTRY, quantize(), conditions(tmp_path), Dying)


class Unasked(RecordedWorker):
    """A worker that the emulator did not reach: it is capped lower than asked."""

    def __init__(self, entry: Entry, isa: str, conditions: Conditions) -> None:
        super().__init__(entry, isa, conditions)
        self._recording = "traced_itex2150_int8_VNNI"

    def __enter__(self) -> Any:
        self._emulated = False
        return super().__enter__()


def test_without_the_emulator_nothing_is_rehearsed(tmp_path: Path) -> None:
    with pytest.raises(ProofError, match="the emulator was not in the process"):
        rehearse(ENTRY, quantize(), conditions(tmp_path), Unasked)


class Silent(RecordedWorker):
    """A worker whose emulator counted nothing."""

    def __enter__(self) -> Any:
        super().__enter__()
        for counts in self._scratch.glob("*.counts.*"):
            counts.unlink()
        return self


def test_names_of_kernels_alone_are_not_believed(tmp_path: Path) -> None:
    with pytest.raises(ProofError, match="which used no tile by the emulator's counts"):
        rehearse(ENTRY, quantize(), conditions(tmp_path), Silent)


def test_only_the_worker_with_amx_gets_the_emulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    class Noting:
        def __init__(self, job: Any, log: Path, timeout_s: float, **options: Any) -> None:
            given[options["isa"]] = options["extra"]

    monkeypatch.setattr(workers, "WorkerProcess", Noting)
    for isa in (AMX, "AVX512_CORE_VNNI"):
        workers.start_worker(ENTRY, isa, conditions(tmp_path))
    assert given["AVX512_CORE_VNNI"] is None
    assert given[AMX] == {
        "LD_PRELOAD": "/lib.so",
        "AMXEMU_COUNTS": str(tmp_path / "scratch" / "itex_int8.counts"),
        "AMXEMU_REPORT": "1",
    }
