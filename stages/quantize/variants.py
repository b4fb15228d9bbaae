"""The precisions that the stage hands on, each with its proof, or the reason why there is none."""

from collections.abc import Callable, Mapping
from pathlib import Path

from stages.measure.host import has_bf16
from stages.quantize.bench import Bench, Contender
from stages.quantize.bound import Bound
from stages.quantize.findings import findings
from stages.quantize.graph import Graph
from stages.quantize.layers import compute_ops, reference_share
from stages.quantize.search import Attempt
from stages.records.quantize import Finding, Layer, Recipe, Variant
from stages.settings import Settings


def why_no_bf16(settings: Settings, flags: frozenset[str]) -> str:
    """Return why no BF16 variant is produced, empty where they are."""
    if settings.no_bf16:
        return "left out by no_bf16"
    if not has_bf16(flags) and not settings.force_bf16:
        return "this CPU has no BF16; force_bf16 produces it all the same"
    return ""


def why_no_int8_bf16(int8: Attempt) -> str:
    """Return why INT8 with BF16 is no variant of its own, empty where it is."""
    if compute_ops(int8.layers, int8=False):
        return ""
    return "every op that multiplies is in INT8, which leaves none for BF16"


class Variants:
    """Proves the contenders that go on, times them in turns, and describes each."""

    def __init__(
        self,
        bench: Bench,
        graph_of: Callable[[Path], Graph],
        bound: Bound,
        published: Mapping[Path, str],
    ) -> None:
        """`published` is where each model will be in the artifacts folder, once handed over."""
        self._bench, self._graph_of, self._bound = bench, graph_of, bound
        self._published = published

    def describe(
        self, contenders: Mapping[str, Contender], validation: Mapping[str, float], recipe: Recipe
    ) -> tuple[list[Variant], dict[str, str]]:
        """Return the variants, and the versions of what ran them.

        `contenders` and their top-1 on `validation` are by precision; FP32 is among them. The
        test split is classified here, and nowhere else.
        """
        proofs = {
            each: self._bench.proof(contender, self._graph_of(contender.model))
            for each, contender in contenders.items()
        }
        throughputs, tests, versions = self._bench.final(list(contenders.values()))
        speeds = dict(zip(contenders, throughputs, strict=True))
        variants = [
            self._variant(
                contenders[precision],
                {"validation": validation[precision], "test": test},
                proofs[precision],
                (speeds[precision], speeds["fp32"]),
                recipe,
            )
            for precision, test in zip(contenders, tests, strict=True)
        ]
        return variants, versions

    def _variant(
        self,
        contender: Contender,
        accuracy: dict[str, float],
        proof: tuple[list[Layer], list[str]],
        speeds: tuple[float, float],
        recipe: Recipe,
    ) -> Variant:
        layers = proof[0]
        return Variant(
            precision=contender.precision,
            model=self._published[contender.model],
            accuracy_top1=accuracy,
            loss=self._bound.loss(accuracy["validation"]),
            throughput_images_per_s=speeds[0],
            speedup=speeds[0] / speeds[1],
            reference_share=reference_share(layers),
            findings=self._findings(contender, proof, recipe),
            layers=layers,
        )

    def _findings(
        self, contender: Contender, proof: tuple[list[Layer], list[str]], recipe: Recipe
    ) -> list[Finding]:
        if not contender.precision.startswith("int8"):
            return []
        return findings(*proof, self._graph_of(contender.model), recipe)
