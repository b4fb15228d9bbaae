"""The stage's work from its inputs to its record."""

import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stages.artifacts import Artifacts, QuantizeFolder
from stages.errors import AccuracyBoundError, ModelError, SettingsError
from stages.measure.host import cpu_flags
from stages.progress import Progress
from stages.quantize.bench import Answers, Bench, Contender, Examined, fastest
from stages.quantize.bound import Bound
from stages.quantize.capture import output_to
from stages.quantize.compressor import CalibrationLoader, Compressor
from stages.quantize.findings import findings
from stages.quantize.laboratory import Laboratory
from stages.quantize.layers import compute_ops
from stages.quantize.report import Seconds, none_met, trials
from stages.quantize.search import Attempt, Search
from stages.quantize.variants import Candidate, describe, why_no_bf16, why_no_int8_bf16
from stages.records.quantize import Finding, QuantizeRecord, Recipe, Variant
from stages.runtime import Model
from stages.samples import Samples, first_samples, load_samples
from stages.settings import Settings, maker

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
    reference = _examined(inputs, inputs.fp32)
    bound = Bound(reference.answers.accuracy_top1, settings.tolerable_loss)
    show.step("search for a recipe")
    search = _search(inputs, reference.answers, bound, folder)
    met = search.run()
    if not met:
        raise AccuracyBoundError(none_met(search.attempts, search.sensitivity, bound))
    show.step("the fastest against each other")
    finals = _finals(inputs.bench, met[:FINALISTS], settings.rounds)
    chosen = met[fastest(settings.batch_size, list(finals.values())) if finals else 0]
    shutil.copytree(str(chosen.model), inputs.out.model)
    show.step("variants against each other")
    candidates = _candidates(inputs, reference, chosen)
    times = inputs.bench.times([each.contender for each in candidates], settings.rounds)
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


def _finals(bench: Bench, met: Sequence[Attempt], rounds: int) -> dict[Recipe, Seconds]:
    """Return the seconds of the turns that several recipes take against each other."""
    if len(met) == 1:
        return {}
    times = bench.times([_contender(attempt) for attempt in met], rounds)
    return {each.recipe: seconds for each, seconds in zip(met, times.batch_seconds, strict=True)}


def _contender(attempt: Attempt) -> Contender:
    if attempt.model is None:
        raise ModelError(f"a recipe without a model can't be timed: {attempt.failure}")
    return Contender(attempt.model.name, attempt.model, "int8")


def _candidates(inputs: Inputs, fp32: Examined, chosen: Attempt) -> list[Candidate]:
    """Return what is handed on, FP32 first; what was examined before is not again."""
    int8 = replace(_contender(chosen), model=inputs.out.model)
    found = [_candidate(inputs, inputs.fp32, fp32, [])]
    if not _missing(inputs, chosen)["bf16"]:
        bf16 = Contender("bf16", inputs.fp32.model, "bf16")
        found.append(_candidate(inputs, bf16, _examined(inputs, bf16), []))
    found.append(
        Candidate(
            contender=int8,
            path=_published(inputs, int8.model),
            accuracy_top1=chosen.accuracy_top1,
            predictions=chosen.predictions,
            layers=chosen.layers,
            findings=chosen.findings,
        )
    )
    if not _missing(inputs, chosen)["int8_bf16"]:
        mixed = Contender("int8_bf16", inputs.out.model, "int8_bf16")
        examined = _examined(inputs, mixed)
        graph = inputs.compressor.graph_of(mixed.model)
        kept = findings(examined.layers, examined.fallbacks, graph, chosen.recipe)
        found.append(_candidate(inputs, mixed, examined, kept))
    return found


def _candidate(
    inputs: Inputs, contender: Contender, examined: Examined, found: list[Finding]
) -> Candidate:
    return Candidate(
        contender=contender,
        path=_published(inputs, contender.model),
        accuracy_top1=examined.answers.accuracy_top1,
        predictions=examined.answers.predictions,
        layers=examined.layers,
        findings=found,
    )


def _examined(inputs: Inputs, contender: Contender) -> Examined:
    return inputs.bench.examine(contender, inputs.compressor.graph_of(contender.model))


def _missing(inputs: Inputs, chosen: Attempt) -> dict[str, str]:
    """Return why there is no BF16 variant, and none of INT8 with BF16; empty where there is."""
    no_bf16 = why_no_bf16(inputs.settings, cpu_flags())
    return {"bf16": no_bf16, "int8_bf16": no_bf16 or why_no_int8_bf16(chosen)}


def _absent(inputs: Inputs, chosen: Attempt) -> list[Variant]:
    missing = _missing(inputs, chosen).items()
    return [Variant(precision=precision, missing=why) for precision, why in missing if why]


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
    found = first_samples(artifacts.train.calibration, settings.calibration_samples)
    validation = len(load_samples(artifacts.train.validation))
    if settings.batch_size > validation:
        raise SettingsError(
            f"batch_size {settings.batch_size} exceeds the {validation} validation images; "
            "give less"
        )
    return found
