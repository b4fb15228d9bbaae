"""The stage with stand-ins for what quantizes and measures."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts import Artifacts
from stages.quantize import run as module
from stages.quantize.kept_trials import KeptTrials
from stages.quantize.run import quantize
from stages.records.quantize import QuantizeRecord
from stages.samples import Samples
from stages.settings import Settings
from stages.stage_folders import QuantizeFolder
from tests.unit.quantize.parts import ORIGIN
from tests.unit.quantize.stand_ins import StandInCompressor, StandInEvaluator
from tests.unit.records import HOST, SHA256


def save(path: Path, images: int) -> None:
    Samples(np.zeros((images, 224, 224, 3), np.uint8), np.zeros(images, np.int64)).save(path)


class Stage:
    """Artifacts with four images to calibrate with and three to validate, and stand-ins."""

    def __init__(self, root: Path) -> None:
        self.evaluator = StandInEvaluator()
        self.set_up(root)

    def set_up(self, root: Path) -> None:
        """Begin with an empty folder to write to, beside what is in `root`."""
        self.artifacts = Artifacts(root)
        save(self.artifacts.train.calibration, 4)
        save(self.artifacts.train.validation, 3)
        self.out = QuantizeFolder(root / ".quantize.new")
        shutil.rmtree(self.out.path, ignore_errors=True)
        self.out.path.mkdir()
        self.compressor = StandInCompressor()
        self.calibrated_with = 0

    def run(self, **settings: Any) -> QuantizeRecord:
        chosen = Settings(**{"batch_size": 2, "calibration_samples": 4, **settings})
        trials = KeptTrials(self.artifacts, replace(ORIGIN, settings=chosen))
        trials.take_up()
        return quantize(chosen, self.artifacts, self.out, SHA256, HOST, trials)

    def evaluator_in(self, *surroundings: Any) -> StandInEvaluator:
        self.evaluator.keep_logs_in(surroundings[-1])
        return self.evaluator

    def compressor_with(self, model: Path, runtime: str, loader: Any, folder: Path) -> Any:
        self.calibrated_with = sum(len(labels) for _, labels in loader)
        self.compressor.fuses_qdq = runtime == "itex"
        return self.compressor

    def put_in(self, monkeypatch: pytest.MonkeyPatch) -> "Stage":
        """Let `quantize` use the stand-ins."""
        monkeypatch.setattr(module, "Evaluator", self.evaluator_in)
        monkeypatch.setattr(module, "Compressor", self.compressor_with)
        monkeypatch.setattr(module, "Model", lambda path: None)
        monkeypatch.setattr(module, "cpu_flags", lambda: frozenset({"avx2", "avx512_bf16"}))
        return self
