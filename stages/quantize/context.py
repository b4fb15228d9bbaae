"""What every step of the stage works with."""

from dataclasses import dataclass
from pathlib import Path

from stages.artifacts import Artifacts
from stages.common.progress import Progress
from stages.precisions import FP32
from stages.quantize.compressor import Compressor
from stages.quantize.evaluator import Contender, Evaluator, Examination
from stages.quantize.kept_trials import KeptTrials
from stages.settings import Settings
from stages.stage_folders import QuantizeFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The stage's settings and folders, the CPU's flags, and what quantizes and measures.

    `out` becomes this stage's folder in `artifacts` when the stage ends; until then, `kept` has the
    trials with their models, and `scratch` the logs.
    """

    settings: Settings
    artifacts: Artifacts
    out: QuantizeFolder
    scratch: Path
    cpu_flags: frozenset[str]
    evaluator: Evaluator
    compressor: Compressor
    kept: KeptTrials
    progress: Progress

    @property
    def fp32(self) -> Contender:
        """The trained model as it is."""
        return Contender(FP32, self.artifacts.train.model, FP32)

    def examine(self, contender: Contender) -> Examination:
        """Examine a model; its layers are named by the ops that recipes name."""
        return self.evaluator.examine(contender, self.compressor.graph_of(contender.model))

    def final_path(self, model: Path) -> str:
        """Return the path that a model has in the artifacts folder when the stage has ended."""
        final = {self.out.model: self.artifacts.quantize(self.settings.runtime).model}
        return final.get(model, model).relative_to(self.artifacts.root).as_posix()
