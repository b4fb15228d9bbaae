"""Which of our models are found, and which reason those get that can't run."""

import sys
from pathlib import Path

import pytest

from stages.artifacts import Artifacts, verify, write_record
from stages.common.entries import find_ours, runnable
from stages.errors import InputMissingError, InputStaleError, SettingsError
from stages.folder.handover import handing_over
from stages.precisions import PRECISION_NAMES
from stages.records.quantize import Variant
from stages.stage_folders import QuantizeFolder
from tests.unit.records import quantize

VARIANTS = (
    Variant(precision="fp32", model="train/model_keras.fp32"),
    Variant(precision="bf16", missing="no avx512_bf16 flag"),
    Variant(precision="int8", model="quantize-stock/model_pb.int8"),
)
NO_ITEX = {"itex_python": ""}
WITH_ITEX = {"itex_python": sys.executable}


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    made = Artifacts(tmp_path)
    _train(made, "trained")
    return made


def _train(artifacts: Artifacts, text: str) -> None:
    with handing_over(artifacts.train.path) as partial:
        (partial / "train.json").write_text(text)


def _quantize(artifacts: Artifacts, runtime: str) -> None:
    with handing_over(artifacts.quantize(runtime).path) as partial:
        write_record(
            QuantizeFolder(partial).record,
            quantize(*VARIANTS, runtime=runtime, train_sha256=verify(artifacts.train.path)),
        )


def test_every_variant_with_a_model_takes_part(artifacts: Artifacts) -> None:
    _quantize(artifacts, "stock")
    ours = find_ours(artifacts, NO_ITEX)
    entries = runnable(ours.entries)
    assert [entry.name for entry in entries] == ["stock_fp32", "stock_int8"]
    assert entries[1].model == artifacts.root / "quantize-stock" / "model_pb.int8"
    assert {entry.python for entry in entries} == {sys.executable}
    assert ours.quantize_sha256 == {"stock": verify(artifacts.quantize("stock").path)}


def test_a_variant_without_a_model_keeps_its_reason(artifacts: Artifacts) -> None:
    _quantize(artifacts, "stock")
    reasons = {entry.name: entry.missing for entry in find_ours(artifacts, NO_ITEX).entries}
    assert reasons["stock_bf16"] == "no avx512_bf16 flag"


def test_a_runtime_that_quantize_did_not_run_by_is_listed(artifacts: Artifacts) -> None:
    _quantize(artifacts, "stock")
    itex = [entry for entry in find_ours(artifacts, NO_ITEX).entries if entry.backend == "itex"]
    assert [entry.precision for entry in itex] == list(PRECISION_NAMES)
    assert all(
        "quantize is missing; run the quantize stage" in str(entry.missing) for entry in itex
    )


def test_itex_runs_by_its_own_interpreter(artifacts: Artifacts) -> None:
    _quantize(artifacts, "itex")
    entries = runnable(find_ours(artifacts, WITH_ITEX).entries)
    assert [(entry.name, entry.python) for entry in entries] == [
        ("itex_fp32", sys.executable),
        ("itex_int8", sys.executable),
    ]


def test_without_that_interpreter_itex_is_left_out(artifacts: Artifacts) -> None:
    _quantize(artifacts, "itex")
    _quantize(artifacts, "stock")
    reasons = {entry.name: entry.missing for entry in find_ours(artifacts, NO_ITEX).entries}
    assert reasons["itex_int8"] == (
        "no interpreter has the itex runtime; set VGG19_ITEX_PYTHON to one"
    )
    assert reasons["stock_int8"] is None


def test_an_interpreter_that_is_no_file_is_refused(artifacts: Artifacts) -> None:
    with pytest.raises(SettingsError, match="itex_python '/no/python' is no file"):
        find_ours(artifacts, {"itex_python": "/no/python"})


def test_a_stale_runtime_is_listed_and_its_checksum_not_taken(artifacts: Artifacts) -> None:
    _quantize(artifacts, "stock")
    _train(artifacts, "trained again")
    _quantize(artifacts, "itex")
    ours = find_ours(artifacts, WITH_ITEX)
    stale = [str(entry.missing) for entry in ours.entries if entry.backend == "stock"]
    assert len(stale) == len(PRECISION_NAMES)
    assert all("was made from other inputs" in reason for reason in stale)
    assert list(ours.quantize_sha256) == ["itex"]


def test_a_corrupt_runtime_is_listed(artifacts: Artifacts) -> None:
    _quantize(artifacts, "itex")
    _quantize(artifacts, "stock")
    artifacts.quantize("stock").record.write_text("{")
    reasons = {entry.name: entry.missing for entry in find_ours(artifacts, WITH_ITEX).entries}
    assert "differs from SHA256SUMS" in str(reasons["stock_int8"])
    assert reasons["itex_int8"] is None


def test_with_no_model_of_ours_there_is_nothing_to_compare(artifacts: Artifacts) -> None:
    with pytest.raises(
        InputMissingError, match="/quantize is missing; run the quantize stage first"
    ):
        find_ours(artifacts, NO_ITEX)


def test_a_model_that_no_interpreter_runs_asks_for_another(artifacts: Artifacts) -> None:
    _quantize(artifacts, "itex")
    with pytest.raises(InputMissingError, match="run the quantize stage with runtime stock first"):
        find_ours(artifacts, NO_ITEX)


def test_what_is_wrong_with_the_only_model_is_the_error(artifacts: Artifacts) -> None:
    _quantize(artifacts, "itex")
    _train(artifacts, "trained again")
    with pytest.raises(
        InputStaleError, match=r"quantize was made from other inputs .* run the quan"
    ):
        find_ours(artifacts, WITH_ITEX)


def test_reasons_name_no_place_of_this_machine(artifacts: Artifacts) -> None:
    _quantize(artifacts, "itex")
    entries = find_ours(artifacts, WITH_ITEX).entries
    reasons = {entry.missing for entry in entries if entry.backend == "stock"}
    assert reasons == {"quantize-stock is missing; run the quantize stage with runtime stock first"}
