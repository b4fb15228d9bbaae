"""`python -m stages.quantize`: INT8 by Neural Compressor, kept only within the accuracy bound."""

import os
import sys
import time
from pathlib import Path
from typing import Any

from stages.artifacts import (
    Artifacts,
    QuantizeFolder,
    TrainFolder,
    read_record,
    verify,
    write_record,
)
from stages.errors import exit_code_of
from stages.handover import handing_over
from stages.progress import Progress
from stages.quantize.capture import output_to
from stages.quantize.compressor import CalibrationLoader, ops_by_precision, quantize
from stages.quantize.recipes import RECIPES, Recipe
from stages.quantize.tuning import Bound, tune
from stages.records.quantize import QuantizeRecord
from stages.records.train import TrainRecord
from stages.runtime import SWITCHES, accuracy_top1, load_model, predict, tensors
from stages.samples import load_samples
from stages.settings import Settings, for_stage

STEPS = 1 + 2 * len(RECIPES)


class Quantizer:
    """The inputs of the stage, and one attempt at quantizing them."""

    def __init__(self, settings: Settings, train: TrainFolder, log: Path, show: Progress) -> None:
        self._model, self._log, self._show = train.model, log, show
        self._loader = CalibrationLoader(load_samples(train.calibration), settings.batch_size)
        self._validation = load_samples(train.validation)
        with output_to(log):
            self._batches = tensors(self._validation, settings.batch_size)
        self.graph: Any = None

    def accuracy(self, title: str, model: Path) -> float:
        """Return the model's top-1 on the validation split."""
        self._show.step(title)
        with output_to(self._log):
            infer = load_model(str(model))
            infer(self._batches[0])
        predictions = predict(infer, self._batches, self._show.update)
        return accuracy_top1(predictions, self._validation)

    def attempt(self, recipe: Recipe, destination: Path) -> float:
        """Quantize by `recipe` and return the top-1 reached."""
        self._show.step(f"quantizing: {recipe.name}")
        with output_to(self._log):
            self.graph = quantize(self._model, recipe, self._loader, destination)
        return self.accuracy("INT8 top-1 on the validation split", destination)


def main() -> None:
    """Check the input, tune, and hand over artifacts/quantize."""
    settings = for_stage("quantize", sys.argv[1:], os.environ)
    os.environ.update(SWITCHES)
    began = time.monotonic()
    artifacts = Artifacts(settings.artifacts.resolve())
    train_sha256 = verify(artifacts.train.path)
    train = read_record(artifacts.train.record, TrainRecord)
    with handing_over(artifacts.quantize.path) as partial:
        out = QuantizeFolder(partial)
        record = _tuned(settings, artifacts.train, train, train_sha256, out, began)
        write_record(out.record, record)
    print(_closing_line(record), flush=True)


def _tuned(
    settings: Settings,
    folder: TrainFolder,
    train: TrainRecord,
    train_sha256: str,
    out: QuantizeFolder,
    began: float,
) -> QuantizeRecord:
    with Progress("quantize", STEPS) as show:
        quantizer = Quantizer(settings, folder, out.log, show)
        fp32 = quantizer.accuracy("FP32 top-1 on the validation split", folder.model)
        trials = tune(RECIPES, quantizer.attempt, Bound(fp32, settings.tolerable_loss), out.model)
    int8_ops, fp32_ops = ops_by_precision(quantizer.graph)
    return QuantizeRecord(
        train_sha256=train_sha256,
        tolerable_loss=settings.tolerable_loss,
        calibration_samples=train.samples["calibration"],
        fp32_accuracy_top1=fp32,
        int8_accuracy_top1=trials[-1].accuracy_top1,
        recipe=trials[-1].recipe,
        trials=trials,
        int8_ops=int8_ops,
        fp32_ops=fp32_ops,
        seconds=time.monotonic() - began,
    )


def _closing_line(record: QuantizeRecord) -> str:
    return (
        f"quantize: INT8 top-1 {record.int8_accuracy_top1:.1%} against FP32 "
        f"{record.fp32_accuracy_top1:.1%} on validation "
        f"(loss {record.trials[-1].loss:+.2%}, bound {record.tolerable_loss:.2%}), "
        f"{len(record.int8_ops)} of {len(record.int8_ops) + len(record.fp32_ops)} "
        f"compute ops in INT8, {record.seconds:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(exit_code_of("quantize", main))
