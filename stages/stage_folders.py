"""What each stage leaves in its folder: the paths of all its files and folders."""

from pathlib import Path
from typing import TypeAlias


class TrainFolder:
    """Paths in artifacts/train."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "train.json"
        self.model = path / "model_keras.fp32"
        self.calibration = path / "data" / "calibration.npz"
        self.validation = path / "data" / "validation.npz"
        self.test = path / "data" / "test.npz"


class QuantizeFolder:
    """Paths in artifacts/quantize."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "quantize.json"
        self.model = path / "model_pb.int8"
        self.log = path / "quantize.log"
        self.proof = path / "proof"


class ProfileFolder:
    """Paths in artifacts/profile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "measurements.json"
        self.proof = path / "proof"
        self.loadgen = path / "loadgen"
        self.summary_fp32 = path / "32.json"
        self.summary_int8 = path / "8.json"


class CompareFolder:
    """Paths in artifacts/compare."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "compare.json"
        self.log = path / "compare.log"
        self.page = path / "report.html"
        self.summary_csv = path / "summary.csv"
        self.summary_markdown = path / "summary.md"
        self.absolute = path / "fp32_int8_absolute.png"
        self.times = path / "fp32_int8_times.png"
        self.ladder = path / "precision_isa.png"
        self.latency = path / "latency.png"
        self.layers = path / "layers.png"
        self.instances = path / "instances.png"
        self.rehearsal = path / "rehearsal.png"
        # Each picture as an SVG, too.
        self.drawings = [
            it.with_suffix(".svg") for it in vars(self).values() if it.suffix == ".png"
        ]


class PeersFolder:
    """Paths in artifacts/peers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "peers.json"
        self.log = path / "peers.log"
        self.models = path / "models"


class RehearseFolder:
    """Paths in artifacts/rehearse."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "rehearsal.json"
        self.log = path / "rehearsal.log"
        self.proof = path / "proof"


class SweepFolder:
    """Paths in artifacts/sweep."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "sweep.json"
        self.log = path / "sweep.log"
        self.picture = path / "sweep.svg"
        self.proof = path / "proof"
        self.loadgen = path / "loadgen"


class TrialFolder:
    """Paths of a trial that quantize has done, in the folder of those that it has not handed over.

    What one op costs in INT8 is such a trial, too, whose model and log are not kept.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "trial.json"
        self.model = path / "model_pb.int8"
        self.log = path / "trial.log"

    @property
    def name(self) -> str:
        """What its model is called in messages."""
        return self.path.name


StageFolder: TypeAlias = (
    TrainFolder
    | QuantizeFolder
    | ProfileFolder
    | CompareFolder
    | PeersFolder
    | RehearseFolder
    | SweepFolder
)


def places(stage: StageFolder | TrialFolder) -> set[str]:
    """Return the relative paths of the files and folders that a stage's folder is known to have."""
    values = [value if isinstance(value, list) else [value] for value in vars(stage).values()]
    paths: list[Path] = [path for own in values for path in own if path != stage.path]
    return {path.relative_to(stage.path).as_posix() for path in paths}
