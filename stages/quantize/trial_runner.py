"""Makes and measures one recipe at a time, as the search asks."""

import time
from dataclasses import replace
from pathlib import Path

from stages.common.progress import Progress
from stages.errors import ModelError, WorkerError
from stages.quantize.bound import Bound
from stages.quantize.capture import output_to
from stages.quantize.compressor import Compressor
from stages.quantize.evaluator import Answers, Contender, Evaluator, divergence
from stages.quantize.findings import collect_findings
from stages.quantize.op_profile import compute_ops
from stages.quantize.recipes import recipe_in_words
from stages.quantize.search import Attempt
from stages.records.quantize import Recipe, Sensitivity

# More of a message than this is the runtime's, for its log.
MESSAGE_LENGTH = 200


class TrialRunner:
    """Where recipes are tried; models are kept in `folder`, what tools print in `log`."""

    def __init__(
        self,
        compressor: Compressor,
        evaluator: Evaluator,
        fp32: Answers,
        bound: Bound,
        folder: Path,
        log: Path,
        show: Progress,
    ) -> None:
        self._compressor, self._evaluator, self._fp32, self._bound = (
            compressor,
            evaluator,
            fp32,
            bound,
        )
        self._folder, self._log, self._show = folder, log, show
        self._count = 0

    def attempt(self, recipe: Recipe) -> Attempt:
        """Quantize by `recipe`, prove what runs, measure; a failure is an attempt, too."""
        began = time.monotonic()
        try:
            done = self._tried(recipe)
        except (WorkerError, ModelError) as error:
            done = Attempt(recipe=recipe, failure=str(error)[:MESSAGE_LENGTH])
        self._show.note(self._told(done))
        return replace(done, seconds=time.monotonic() - began)

    def sensitivity(self, base: Attempt) -> list[Sensitivity]:
        """Return what each INT8 op's return to FP32 gives, the most valuable first.

        An op whose return fails is left out.
        """
        found = []
        ops = compute_ops(base.layers, int8=True)
        for done, op in enumerate(ops, start=1):
            told = f"{op} in FP32 ({done} of {len(ops)}): "
            try:
                found.append(self._returned(base, op))
            except (WorkerError, ModelError) as error:
                self._show.note(f"{told}{str(error)[:MESSAGE_LENGTH]}")
            else:
                each = found[-1]
                self._show.note(
                    f"{told}top-1 {each.accuracy_top1:.1%}, divergence {each.divergence:.4f}"
                )
        return sorted(found, key=lambda each: (-each.accuracy_top1, each.divergence))

    def _returned(self, base: Attempt, op: str) -> Sensitivity:
        left_out = tuple(sorted({*base.recipe.left_out, op}))
        model = self._make(replace(base.recipe, left_out=left_out))
        answers = self._evaluator.answers(Contender(model.name, model, "int8"))
        distance = divergence(self._fp32.probabilities, answers.probabilities)
        return Sensitivity(
            op=op,
            accuracy_top1=answers.accuracy_top1,
            divergence=distance,
            predictions=answers.predictions,
        )

    def _tried(self, recipe: Recipe) -> Attempt:
        model = self._make(recipe)
        contender = Contender(model.name, model, "int8")
        graph = self._compressor.graph_of(model)
        examined = self._evaluator.examine(contender, graph)
        times = self._evaluator.times([contender], 1)
        return Attempt(
            recipe=recipe,
            model=model,
            accuracy_top1=examined.answers.accuracy_top1,
            predictions=examined.answers.predictions,
            throughput_images_per_s=times.throughputs[0],
            batch_seconds=times.batch_seconds[0],
            layers=examined.layers,
            findings=collect_findings(examined.layers, examined.fallbacks, graph, recipe),
            graph=graph,
        )

    def _make(self, recipe: Recipe) -> Path:
        self._count += 1
        model = self._folder / f"trial-{self._count}"
        with output_to(self._log):
            refused = self._compressor.make(recipe, model)
        if refused:
            self._show.note(f"no scale to share at {', '.join(refused)}")
        return model

    def _told(self, attempt: Attempt) -> str:
        name = recipe_in_words(attempt.recipe)
        if attempt.failure:
            return f"{name}: {attempt.failure}"
        met = "within" if self._bound.is_met_by(attempt.accuracy_top1) else "beyond"
        kinds = [finding.kind for finding in attempt.findings]
        found = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
        return (
            f"{name}: {attempt.throughput_images_per_s:.2f} images/s, "
            f"loss {self._bound.loss(attempt.accuracy_top1):+.2%} ({met} the bound), "
            f"findings: {found or 'none'}"
        )
