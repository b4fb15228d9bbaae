"""Makes and measures one recipe at a time, as the search asks."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stages.common.figures import fraction_of_images, loss_in_words, quantity
from stages.common.progress import Progress
from stages.common.stats import agreement
from stages.common.text import recipe_in_words
from stages.errors import ModelError, WorkerError, from_shortage
from stages.files import trees
from stages.folder.full_disk import require_no_full_disk
from stages.folder.handover import handing_over
from stages.precisions import INT8
from stages.quantize.bound import Bound
from stages.quantize.capture import output_to
from stages.quantize.compressor import Compressor
from stages.quantize.evaluator import Answers, Contender, Evaluator, divergence
from stages.quantize.findings import collect_findings
from stages.quantize.kept_trials import OP, RECIPE, KeptTrials
from stages.quantize.op_profile import compute_ops
from stages.quantize.report import trial_record
from stages.quantize.search import Attempt
from stages.records.quantize import Recipe, Sensitivity, Trial
from stages.stage_folders import TrialFolder

# Characters of a failure's message; what is longer than this is the runtime's, for its log.
MAX_MESSAGE_LENGTH = 200


class TrialRunner:
    """Makes models by recipes and measures them.

    `fp32` are the answers that the quantized ones are compared with. Logs are in `folder`, what
    tools print in `log`. A trial that works is kept in `kept` as soon as it is done; what an
    earlier run kept there is taken as it is. A failure may be the moment's, and is tried again.
    """

    def __init__(
        self,
        compressor: Compressor,
        evaluator: Evaluator,
        fp32: Answers,
        bound: Bound,
        folder: Path,
        log: Path,
        progress: Progress,
        kept: KeptTrials,
    ) -> None:
        self._compressor, self._evaluator = compressor, evaluator
        self._fp32, self._bound = fp32, bound
        self._folder, self._log, self._progress = folder, log, progress
        self._kept = kept

    def attempt(self, recipe: Recipe) -> Attempt:
        """Quantize by `recipe`, prove what runs, and measure; a failure is an attempt, too."""
        if done := self._kept.trial(recipe):
            attempt = self._restored(*done)
            self._progress.note(f"{self._in_words(attempt)}; made before")
            return attempt
        began = time.monotonic()
        try:
            attempt = self._measured(recipe)
        except (WorkerError, ModelError) as error:
            self._require_another_cause(error)
            seconds = time.monotonic() - began
            attempt = Attempt(
                recipe=recipe,
                failure=_shortened(error),
                may_pass=isinstance(error, WorkerError) and error.may_pass,
                seconds=seconds,
            )
        self._progress.note(self._in_words(attempt))
        return attempt

    def measure_sensitivity(self, base: Attempt) -> list[Sensitivity]:
        """Return what each INT8 op's return to FP32 gives, the most valuable first.

        An op whose return fails is left out.
        """
        ops = compute_ops(base.layers, int8=True)
        returns = [
            self._return_to_fp32(base.recipe, op, f"{number} of {len(ops)}")
            for number, op in enumerate(ops, start=1)
        ]
        measured = [sensitivity for sensitivity in returns if sensitivity]
        return sorted(measured, key=lambda gain: (self._excess(gain), gain.divergence))

    def _excess(self, gain: Sensitivity) -> float:
        return self._bound.excess(gain.accuracy_top1, self._agreement(gain.predictions))

    def _agreement(self, predictions: Sequence[int]) -> float:
        return agreement(predictions, self._fp32.predictions)

    def _return_to_fp32(self, recipe: Recipe, op: str, position: str) -> Sensitivity | None:
        """Return what `op` in FP32 gives, None if that fails; note either as the progress."""
        title = f"{op} in FP32 ({position})"
        try:
            gain = self._sensitivity_to(op, recipe)
        except (WorkerError, ModelError) as error:
            self._require_another_cause(error)
            self._progress.note(f"{title}: {_shortened(error)}")
            return None
        self._progress.note(
            f"{title}: top-1 {fraction_of_images(gain.accuracy_top1)}, "
            f"divergence {gain.divergence:.4f}"
        )
        return gain

    def _sensitivity_to(self, op: str, recipe: Recipe) -> Sensitivity:
        recipe = replace(recipe, left_out=tuple(sorted({*recipe.left_out, op})))
        if done := self._kept.sensitivity(recipe):
            return done
        place = self._kept.new_place(OP)
        with handing_over(place.path) as path:
            partial = TrialFolder(path)
            contender, _ = self._make(recipe, place.name, partial.model)
            answers = self._evaluator.classify(contender)
            trees.remove(partial.model)  # which nothing asks for again
            gain = Sensitivity(
                op=op,
                accuracy_top1=answers.accuracy_top1,
                divergence=divergence(self._fp32.probabilities, answers.probabilities),
                predictions=answers.predictions,
            )
            self._kept.write(partial, recipe, gain)
        return gain

    def _measured(self, recipe: Recipe) -> Attempt:
        """Return a recipe's attempt, whose model and log are then kept with it."""
        place = self._kept.new_place(RECIPE)
        with handing_over(place.path) as path:
            partial, began = TrialFolder(path), time.monotonic()
            contender, made = self._make(recipe, place.name, partial.model)
            attempt = self._measure(made, contender)
            attempt = replace(attempt, seconds=time.monotonic() - began)
            shutil.copy(self._log_of(place), partial.log)
            self._kept.write(partial, recipe, trial_record(attempt, [], self._bound))
        return replace(attempt, model=place.model)

    def _restored(self, place: TrialFolder, trial: Trial) -> Attempt:
        """Return the attempt that an earlier run kept, with its log where this one's are."""
        shutil.copy(place.log, self._log_of(place))
        return Attempt(
            recipe=trial.recipe,
            name=place.name,
            model=place.model,
            accuracy_top1=trial.accuracy_top1 or 0.0,
            agreement_fp32=self._agreement(trial.predictions),
            predictions=trial.predictions,
            throughput_images_per_s=trial.throughput_images_per_s or 0.0,
            batch_seconds=trial.batch_seconds,
            graph=self._compressor.graph_of(place.model),
            layers=trial.layers,
            findings=trial.findings,
            seconds=trial.seconds,
        )

    def _log_of(self, place: TrialFolder) -> Path:
        return self._folder / f"{place.name}.log"

    def _measure(self, recipe: Recipe, contender: Contender) -> Attempt:
        graph = self._compressor.graph_of(contender.model)
        examined = self._evaluator.examine(contender, graph)
        times = self._evaluator.time([contender], rounds=1)
        return Attempt(
            recipe=recipe,
            name=contender.name,
            model=contender.model,
            accuracy_top1=examined.answers.accuracy_top1,
            agreement_fp32=self._agreement(examined.answers.predictions),
            predictions=examined.answers.predictions,
            throughput_images_per_s=times.throughputs[0],
            batch_seconds=times.batch_seconds[0],
            layers=examined.layers,
            findings=collect_findings(examined.layers, examined.fallbacks, graph, recipe),
            graph=graph,
        )

    def _make(self, recipe: Recipe, name: str, model: Path) -> tuple[Contender, Recipe]:
        """Return the model, and the recipe that it was really made by.

        An op whose scale can't be shared is in FP32, as if it had been left out.
        """
        with output_to(self._log):
            refused = self._compressor.write_model(recipe, model)
        if refused:
            self._progress.note(f"the scale can't be shared at {', '.join(refused)}")
        shared = tuple(op for op in recipe.shared if op not in refused)
        left_out = tuple(sorted({*recipe.left_out, *refused}))
        return Contender(name, model, INT8), replace(recipe, shared=shared, left_out=left_out)

    def _require_another_cause(self, error: WorkerError | ModelError) -> None:
        """Raise DiskFullError or HostError if a recipe failed for want of room or memory.

        All others would, too.
        """
        require_no_full_disk(error, self._folder, self._log.parent)
        if short := from_shortage(error):
            raise short from error

    def _in_words(self, attempt: Attempt) -> str:
        recipe = recipe_in_words(attempt.recipe)
        if attempt.failure:
            return f"{recipe}: {attempt.failure}"
        lost = self._bound.loss(attempt.accuracy_top1)
        loss = loss_in_words(lost, self._bound.tolerable_loss)
        agreed = fraction_of_images(attempt.agreement_fp32, len(attempt.predictions))
        kinds = [finding.kind for finding in attempt.findings]
        counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
        return (
            f"{recipe}: {quantity(attempt.throughput_images_per_s)} images/s, "
            f"loss {loss}, agreement {agreed} ({self._side(attempt)}), "
            f"findings: {counts or 'none'}"
        )

    def _side(self, attempt: Attempt) -> str:
        """Return on which side of the bound an attempt is, and by what if beyond."""
        missed = self._bound.missed_by(attempt.accuracy_top1, attempt.agreement_fp32)
        return f"beyond the bound of {' and '.join(missed)}" if missed else "within the bound"


def _shortened(error: Exception) -> str:
    return str(error)[:MAX_MESSAGE_LENGTH]
