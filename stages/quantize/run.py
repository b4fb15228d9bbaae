"""The stage's work from its inputs to its record."""

import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stages.artifacts import Artifacts, QuantizeFolder
from stages.common.backends.tensorflow import Model
from stages.common.host.facts import cpu_flags
from stages.common.progress import Progress
from stages.errors import AccuracyBoundError
from stages.precisions import FP32, INT8, PRECISIONS
from stages.quantize.bound import Bound
from stages.quantize.capture import output_to
from stages.quantize.compressor import CalibrationLoader, Compressor
from stages.quantize.evaluator import (
    Answers,
    Contender,
    Evaluator,
    Examination,
    index_of_fastest,
)
from stages.quantize.findings import collect_findings
from stages.quantize.op_profile import compute_ops
from stages.quantize.report import Seconds, none_met, trials
from stages.quantize.search import Attempt, Search
from stages.quantize.trial_runner import TrialRunner
from stages.quantize.variants import Candidate, describe, why_no_variant
from stages.records.quantize import Finding, QuantizeRecord, Recipe, Variant
from stages.samples import Samples, first_samples, load_samples, require_full_batch
from stages.settings import Settings, maker

REFERENCE, SEARCH, FINALS, VARIANTS = STEPS = (
    "FP32 on the validation split",
    "search for a recipe",
    "the fastest against each other",
    "variants against each other",
)
# This many of the fastest models within the bound are timed against each other.
FINALISTS = 3


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the stage works with: settings, folders, the model in FP32."""

    settings: Settings
    artifacts: Artifacts
    out: QuantizeFolder
    fp32: Contender
    evaluator: Evaluator
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
        fp32 = Contender(FP32, artifacts.train.model, FP32)
        evaluator = Evaluator(settings, artifacts.train, cores, folder)
        loader = CalibrationLoader(calibration, settings.batch_size)
        with output_to(out.log):
            Model(str(fp32.model))  # which says what is wrong with a model that can't be used
            compressor = Compressor(fp32.model, settings.runtime, loader, folder)
        inputs = Inputs(settings, artifacts, out, fp32, evaluator, compressor, show)
        return _worked(inputs, folder, train_sha256, began)


def _worked(inputs: Inputs, folder: Path, train_sha256: str, began: float) -> QuantizeRecord:
    settings, show = inputs.settings, inputs.show
    show.step(REFERENCE)
    reference = _examined(inputs, inputs.fp32)
    bound = Bound(reference.answers.accuracy_top1, settings.tolerable_loss)
    show.step(SEARCH)
    search = _search(inputs, reference.answers, bound, folder)
    met = search.run()
    if not met:
        raise AccuracyBoundError(none_met(search.attempts, search.sensitivity, bound))
    show.step(FINALS)
    finals = _finals(inputs.evaluator, met[:FINALISTS], settings.rounds)
    chosen = met[index_of_fastest(settings.batch_size, list(finals.values())) if finals else 0]
    shutil.copytree(str(chosen.model), inputs.out.model)
    show.step(VARIANTS)
    candidates = _candidates(inputs, reference, chosen)
    times = inputs.evaluator.time([each.contender for each in candidates], settings.rounds)
    _keep_proofs(candidates, folder, inputs.out.proof)
    return QuantizeRecord(
        maker=maker(settings, "quantize"),
        train_sha256=train_sha256,
        runtime=settings.runtime,
        versions=times.versions,
        tolerable_loss=settings.tolerable_loss,
        max_trials=settings.max_trials,
        calibration_samples=settings.calibration_samples,
        batch_size=settings.batch_size,
        labels=load_samples(inputs.artifacts.train.validation).labels.tolist(),
        recipe=chosen.recipe,
        trials=trials(search.attempts, finals, chosen, bound),
        sensitivity=search.sensitivity,
        variants=[
            *describe(candidates, times, bound),
            *_absent(inputs, chosen),
        ],
        int8_ops=compute_ops(chosen.layers, int8=True),
        fp32_ops=compute_ops(chosen.layers, int8=False),
        seconds=time.monotonic() - began,
    )


def _search(inputs: Inputs, reference: Answers, bound: Bound, folder: Path) -> Search:
    laboratory = TrialRunner(
        inputs.compressor, inputs.evaluator, reference, bound, folder, inputs.out.log, inputs.show
    )
    return Search(
        inputs.settings,
        bound,
        laboratory.attempt,
        laboratory.measure_sensitivity,
        sharing=inputs.compressor.fuses_qdq,
    )


def _finals(evaluator: Evaluator, met: Sequence[Attempt], rounds: int) -> dict[Recipe, Seconds]:
    """Return the seconds of the turns that several recipes take against each other."""
    if len(met) == 1:
        return {}
    times = evaluator.time([attempt.contender for attempt in met], rounds)
    return {each.recipe: seconds for each, seconds in zip(met, times.batch_seconds, strict=True)}


def _candidates(inputs: Inputs, fp32: Examination, chosen: Attempt) -> list[Candidate]:
    """Return what is handed on, in the order of PRECISIONS; what was examined before is not again.

    A precision without a model of its own is that of FP32 or INT8, converted as it is loaded.
    """
    models = {FP32: inputs.fp32.model, INT8: inputs.out.model}
    found = []
    for precision in PRECISIONS:
        if precision.name == FP32:
            found.append(_candidate(inputs, inputs.fp32, fp32, []))
        elif precision.name == INT8:
            found.append(_chosen_candidate(inputs, chosen))
        elif not why_no_variant(precision, inputs.settings, cpu_flags(), chosen):
            contender = Contender(precision.name, models[precision.model], precision.name)
            found.append(_converted_candidate(inputs, contender, chosen.recipe))
    return found


def _chosen_candidate(inputs: Inputs, chosen: Attempt) -> Candidate:
    contender = replace(chosen.contender, model=inputs.out.model)
    return Candidate(
        contender=contender,
        path=_published(inputs, contender.model),
        accuracy_top1=chosen.accuracy_top1,
        predictions=chosen.predictions,
        layers=chosen.layers,
        findings=chosen.findings,
    )


def _converted_candidate(inputs: Inputs, contender: Contender, recipe: Recipe) -> Candidate:
    examined = _examined(inputs, contender)
    if contender.model != inputs.out.model:
        return _candidate(inputs, contender, examined, [])
    graph = inputs.compressor.graph_of(contender.model)
    found = collect_findings(examined.layers, examined.fallbacks, graph, recipe)
    return _candidate(inputs, contender, examined, found)


def _candidate(
    inputs: Inputs, contender: Contender, examined: Examination, found: list[Finding]
) -> Candidate:
    return Candidate(
        contender=contender,
        path=_published(inputs, contender.model),
        accuracy_top1=examined.answers.accuracy_top1,
        predictions=examined.answers.predictions,
        layers=examined.layers,
        findings=found,
    )


def _examined(inputs: Inputs, contender: Contender) -> Examination:
    return inputs.evaluator.examine(contender, inputs.compressor.graph_of(contender.model))


def _absent(inputs: Inputs, chosen: Attempt) -> list[Variant]:
    """Return the variants that are not handed on, each with the reason."""
    reasons = {
        precision.name: why_no_variant(precision, inputs.settings, cpu_flags(), chosen)
        for precision in PRECISIONS
    }
    return [Variant(precision=name, missing=reason) for name, reason in reasons.items() if reason]


def _keep_proofs(candidates: Sequence[Candidate], folder: Path, proof: Path) -> None:
    proof.mkdir()
    for each in candidates:
        log = folder / f"{each.contender.name}.log"
        shutil.copy(log, proof / f"{each.contender.precision}.log")


def _published(inputs: Inputs, model: Path) -> str:
    """Return where a model is in the artifacts folder, once this stage's is handed over."""
    final = {inputs.out.model: inputs.artifacts.quantize(inputs.settings.runtime).model}
    return final.get(model, model).relative_to(inputs.artifacts.root).as_posix()


def _calibration(settings: Settings, artifacts: Artifacts) -> Samples:
    require_full_batch(artifacts.train.validation, "batch_size", settings.batch_size)
    return first_samples(artifacts.train.calibration, settings.calibration_samples)
