"""The steps of the stage, from its inputs to its record."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.artifacts import Artifacts
from stages.common.backends.tensorflow import Model
from stages.common.chance import chance_of
from stages.common.host.facts import cpu_flags
from stages.common.progress import Progress
from stages.common.provenance import maker
from stages.errors import AccuracyBoundError
from stages.folder.full_disk import require_room, scratch_folder
from stages.precisions import FP32
from stages.quantize.bound import Bound
from stages.quantize.capture import output_to
from stages.quantize.compressor import CalibrationLoader, Compressor
from stages.quantize.context import Context
from stages.quantize.evaluator import (
    Answers,
    Contender,
    Evaluator,
    Times,
    index_of_fastest,
)
from stages.quantize.kept_trials import KeptTrials
from stages.quantize.op_profile import compute_ops
from stages.quantize.report import BatchSeconds, no_model_message, trial_records
from stages.quantize.search import Attempt, Search
from stages.quantize.trial_runner import TrialRunner
from stages.quantize.variants import Candidate, gather_candidates, missing_variants, variants_of
from stages.records.base import Host
from stages.records.quantize import QuantizeRecord, Recipe, Variant
from stages.samples import first_samples, load_samples, require_full_batch
from stages.settings import Settings
from stages.stage_folders import QuantizeFolder

EXAMINE_FP32, SEARCH, FINALS, VARIANTS = STEPS = (
    "FP32 on the validation split",
    "search for a recipe",
    "the fastest against each other",
    "variants against each other",
)
# At most this many of the fastest models within the bound are timed against each other.
MAX_FINALISTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the steps gave.

    `search` has tried its recipes; `finals` are the seconds of the turns that the fastest took
    against each other, if there were several; `variants` are the record's.
    """

    bound: Bound
    search: Search
    finals: dict[Recipe, BatchSeconds]
    chosen: Attempt
    variants: list[Variant]


def quantize(
    settings: Settings,
    artifacts: Artifacts,
    out: QuantizeFolder,
    train_sha256: str,
    host: Host,
    kept: KeptTrials,
) -> QuantizeRecord:
    """Search for a recipe, leave the model and its proofs in `out`, and return the record.

    `host` says on which cores all is timed; what is in `kept` is not tried again.
    Raises AccuracyBoundError if no recipe meets the bound, ModelError if the model can't be
    quantized, SettingsError if there are fewer images than asked for.
    """
    began = time.monotonic()
    with (
        scratch_folder("quantize-") as scratch,
        Progress("quantize", STEPS) as progress,
    ):
        context = _context(settings, artifacts, out, host.cores_pinned, scratch, progress, kept)
        outcome = _run_steps(context)
        return _record(context, outcome, train_sha256, host, began)


def _context(
    settings: Settings,
    artifacts: Artifacts,
    out: QuantizeFolder,
    cores: list[int],
    scratch: Path,
    progress: Progress,
    kept: KeptTrials,
) -> Context:
    require_full_batch(artifacts.train.validation, "batch_size", settings.batch_size)
    calibration = first_samples(artifacts.train.calibration, settings.calibration_samples)
    loader = CalibrationLoader(calibration, settings.batch_size)
    model = artifacts.train.model
    with output_to(out.log):
        Model(str(model))  # which says what is wrong with a model that can't be used
        compressor = Compressor(model, settings.runtime, loader, scratch)
    return Context(
        settings=settings,
        artifacts=artifacts,
        out=out,
        scratch=scratch,
        cpu_flags=cpu_flags(),
        evaluator=Evaluator(settings, artifacts.train, cores, scratch),
        compressor=compressor,
        kept=kept,
        progress=progress,
    )


def _run_steps(context: Context) -> Outcome:
    context.progress.step(EXAMINE_FP32)
    fp32 = context.examine(context.fp32)
    bound = _bound(context.settings, fp32.answers)
    bound.require_reference()
    context.progress.step(SEARCH)
    search = _search(context, fp32.answers, bound)
    met = search.run()
    if not met:
        message = no_model_message(
            search.attempts, search.sensitivity, bound, cut_short=search.cut_short
        )
        raise AccuracyBoundError(message)
    context.progress.step(FINALS)
    finals, chosen = _choose(context, met[:MAX_FINALISTS])
    shutil.copytree(chosen.contender.model, context.out.model)
    context.progress.step(VARIANTS)
    candidates = gather_candidates(context, fp32, chosen)
    times = _time_variants(context, candidates)
    require_room(context.scratch)  # else the logs of what ran may be cut off
    variants = [*variants_of(candidates, times, bound), *missing_variants(context, chosen)]
    return Outcome(
        bound=bound,
        search=search,
        finals=finals,
        chosen=chosen,
        variants=variants,
    )


def _bound(settings: Settings, fp32: Answers) -> Bound:
    return Bound(fp32.accuracy_top1, settings.tolerable_loss, settings.tolerable_disagreement)


def _search(context: Context, fp32: Answers, bound: Bound) -> Search:
    runner = TrialRunner(
        context.compressor,
        context.evaluator,
        fp32,
        bound,
        context.scratch,
        context.out.log,
        context.progress,
        context.kept,
    )
    return Search(
        context.settings,
        bound,
        runner.attempt,
        runner.measure_sensitivity,
        sharing=context.compressor.fuses_qdq,
    )


def _choose(
    context: Context, finalists: Sequence[Attempt]
) -> tuple[dict[Recipe, BatchSeconds], Attempt]:
    """Return the seconds that finalists took in turns, by recipe, and the fastest.

    A single finalist takes no turn.
    """
    if len(finalists) == 1:
        return {}, finalists[0]
    contenders = [finalist.contender for finalist in finalists]
    batch_seconds = _timed(context, contenders).batch_seconds
    recipes = [finalist.recipe for finalist in finalists]
    fastest = finalists[index_of_fastest(context.settings.batch_size, batch_seconds)]
    return dict(zip(recipes, batch_seconds, strict=True)), fastest


def _timed(context: Context, contenders: Sequence[Contender]) -> Times:
    """Time contenders by turns, and say beforehand if memory makes that slow."""
    rounds = context.settings.fixed_rounds
    if not context.evaluator.fit(contenders):
        context.progress.note(
            f"memory does not hold {len(contenders)} models side by side: each loads for each of "
            f"its {rounds} turns; fewer --rounds take less time"
        )
    return context.evaluator.time(contenders, rounds)


def _time_variants(context: Context, candidates: Sequence[Candidate]) -> Times:
    """Time all that is handed on, by turns, and keep the log of each one's examination."""
    contenders = [candidate.contender for candidate in candidates]
    times = _timed(context, contenders)
    context.out.proof.mkdir()
    for contender in contenders:
        log = context.scratch / f"{contender.name}.log"
        shutil.copy(log, context.out.proof / f"{contender.precision}.log")
    return times


def _record(
    context: Context, outcome: Outcome, train_sha256: str, host: Host, began: float
) -> QuantizeRecord:
    settings, search, chosen = context.settings, outcome.search, outcome.chosen
    labels = load_samples(context.artifacts.train.validation).labels.tolist()
    fp32 = next(variant for variant in outcome.variants if variant.precision == FP32)
    return QuantizeRecord(
        maker=maker(settings, "quantize"),
        train_sha256=train_sha256,
        runtime=settings.runtime,
        host=host,
        tolerable_loss=settings.tolerable_loss,
        tolerable_disagreement=settings.tolerable_disagreement,
        max_trials=settings.max_trials,
        calibration_samples=settings.calibration_samples,
        batch_size=settings.batch_size,
        labels=labels,
        recipe=chosen.recipe,
        trials=trial_records(search.attempts, outcome.finals, chosen, outcome.bound),
        sensitivity=search.sensitivity,
        variants=outcome.variants,
        int8_ops=compute_ops(chosen.layers, int8=True),
        fp32_ops=compute_ops(chosen.layers, int8=False),
        seconds=time.monotonic() - began,
        resumed_trials=context.kept.num_taken_up,
        chance=chance_of(fp32.predictions, labels),
    )
