"""The stage's work from its inputs to its record."""

import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.artifacts import Artifacts, QuantizeFolder
from stages.errors import AccuracyBoundError, ModelError, SettingsError
from stages.measure.host import cpu_flags
from stages.progress import Progress
from stages.quantize.bench import Bench, Contender, Score
from stages.quantize.bound import Bound
from stages.quantize.capture import output_to
from stages.quantize.compressor import CalibrationLoader, Compressor
from stages.quantize.laboratory import Laboratory
from stages.quantize.layers import compute_ops
from stages.quantize.report import none_met, trials
from stages.quantize.search import Attempt, Search
from stages.quantize.variants import Variants, why_no_bf16, why_no_int8_bf16
from stages.records.quantize import QuantizeRecord, Variant
from stages.runtime import Model
from stages.samples import Samples, first_samples, load_samples
from stages.settings import Settings

STEPS = 4
# This many of the fastest models within the bound are timed against each other.
FINALISTS = 3


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the stage works with: settings, folders, the model in FP32."""

    settings: Settings
    artifacts: Artifacts
    out: QuantizeFolder
    fp32: Contender
    bench: Bench
    compressor: Compressor
    show: Progress


def quantize(
    settings: Settings,
    artifacts: Artifacts,
    out: QuantizeFolder,
    train_sha256: str,
    cores: list[int],
) -> QuantizeRecord:
    """Search for a recipe, leave the model and its proofs in `out`, return the record.

    Raises AccuracyBoundError where no recipe meets the bound, ModelError where the model is not
    one that can be quantized, SettingsError where there are fewer images than asked for.
    """
    began = time.monotonic()
    calibration = _calibration(settings, artifacts)
    with (
        tempfile.TemporaryDirectory(prefix="quantize-") as scratch,
        Progress("quantize", STEPS) as show,
    ):
        folder = Path(scratch)
        fp32 = Contender("fp32", artifacts.train.model, "fp32")
        bench = Bench(settings, artifacts.train, cores, folder)
        loader = CalibrationLoader(calibration, settings.batch_size)
        with output_to(out.log):
            Model(str(fp32.model))  # which says what is wrong with a model that can't be used
            compressor = Compressor(fp32.model, settings.runtime, loader, folder)
        inputs = Inputs(settings, artifacts, out, fp32, bench, compressor, show)
        return _worked(inputs, folder, train_sha256, began)


def _worked(inputs: Inputs, folder: Path, train_sha256: str, began: float) -> QuantizeRecord:
    settings, show = inputs.settings, inputs.show
    show.step("FP32 on the validation split")
    reference = inputs.bench.score(inputs.fp32)
    bound = Bound(reference.accuracy_top1, settings.tolerable_loss)
    show.step("search for a recipe")
    search = _search(inputs, reference, bound, folder)
    met = search.run()
    if not met:
        raise AccuracyBoundError(none_met(search.attempts, search.sensitivity, bound))
    show.step("the fastest against each other")
    chosen = _fastest(inputs.bench, met[:FINALISTS])
    shutil.copytree(str(chosen.model), inputs.out.model)
    show.step("variants against each other, then the test split")
    variants, versions = _variants(inputs, reference, chosen, bound, folder)
    return QuantizeRecord(
        train_sha256=train_sha256,
        runtime=settings.runtime,
        versions=versions,
        tolerable_loss=settings.tolerable_loss,
        max_trials=settings.max_trials,
        calibration_samples=settings.calibration_samples,
        batch_size=settings.batch_size,
        recipe=chosen.recipe,
        trials=trials(search.attempts, chosen, bound),
        sensitivity=search.sensitivity,
        variants=variants,
        int8_ops=compute_ops(chosen.layers, int8=True),
        fp32_ops=compute_ops(chosen.layers, int8=False),
        seconds=time.monotonic() - began,
    )


def _search(inputs: Inputs, reference: Score, bound: Bound, folder: Path) -> Search:
    laboratory = Laboratory(
        inputs.compressor, inputs.bench, reference, bound, folder, inputs.out.log, inputs.show
    )
    return Search(
        inputs.settings,
        bound,
        laboratory.attempt,
        laboratory.sensitivity,
        sharing=inputs.compressor.rewrites,
    )


def _fastest(bench: Bench, met: Sequence[Attempt]) -> Attempt:
    if len(met) == 1:
        return met[0]
    contenders = [_contender(attempt) for attempt in met]
    throughputs = bench.duel(contenders)
    return met[throughputs.index(max(throughputs))]


def _contender(attempt: Attempt) -> Contender:
    if attempt.model is None:
        raise ModelError(f"a recipe without a model can't be timed: {attempt.failure}")
    return Contender(attempt.model.name, attempt.model, "int8")


def _variants(
    inputs: Inputs, reference: Score, chosen: Attempt, bound: Bound, folder: Path
) -> tuple[list[Variant], dict[str, str]]:
    """Return the variants by precision, those that are missing with the reason, and versions."""
    no_bf16 = why_no_bf16(inputs.settings, cpu_flags())
    missing = {"bf16": no_bf16, "int8_bf16": no_bf16 or why_no_int8_bf16(chosen)}
    int8 = Contender("int8", inputs.out.model, "int8")
    contenders = {"fp32": inputs.fp32}
    contenders |= {} if missing["bf16"] else {"bf16": _in(inputs.fp32, "bf16")}
    contenders |= {"int8": int8}
    contenders |= {} if missing["int8_bf16"] else {"int8_bf16": _in(int8, "int8_bf16")}
    validation = {"fp32": reference.accuracy_top1, "int8": chosen.accuracy_top1}
    for precision in contenders.keys() - validation.keys():
        validation[precision] = inputs.bench.score(contenders[precision]).accuracy_top1
    variants = Variants(inputs.bench, inputs.compressor.graph_of, bound, _published(inputs))
    found, versions = variants.describe(contenders, validation, chosen.recipe)
    inputs.out.proof.mkdir()
    for precision in contenders:
        shutil.copy(folder / f"{precision}.log", inputs.out.proof)
    absent = [
        Variant(precision=precision, missing=reason)
        for precision, reason in missing.items()
        if reason
    ]
    return [*found, *absent], versions


def _published(inputs: Inputs) -> dict[Path, str]:
    """Return where each model is in the artifacts folder, once this stage's is handed over."""
    root, runtime = inputs.artifacts.root, inputs.settings.runtime
    final = {
        inputs.fp32.model: inputs.artifacts.train.model,
        inputs.out.model: inputs.artifacts.quantize(runtime).model,
    }
    return {model: path.relative_to(root).as_posix() for model, path in final.items()}


def _in(contender: Contender, precision: str) -> Contender:
    return Contender(precision, contender.model, precision)


def _calibration(settings: Settings, artifacts: Artifacts) -> Samples:
    found = first_samples(artifacts.train.calibration, settings.calibration_samples)
    validation = len(load_samples(artifacts.train.validation))
    if settings.batch_size > validation:
        raise SettingsError(
            f"batch_size {settings.batch_size} exceeds the {validation} validation images; "
            "give less"
        )
    return found
