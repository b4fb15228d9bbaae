"""What profile works on: what train and quantize left, and what figures come from beside that."""

from dataclasses import dataclass, replace

from stages.artifacts import Artifacts, read_record, require_current, verify
from stages.common.current import Facts, machine_facts
from stages.common.provenance import maker
from stages.precisions import FP32, INT8
from stages.profile.known import KnownCells
from stages.records.base import UNKNOWN, Host
from stages.records.profile import ProfileRecord
from stages.records.quantize import QuantizeRecord
from stages.records.sweep import SweepRecord
from stages.records.train import TrainRecord
from stages.settings import Settings


@dataclass(frozen=True, slots=True)
class Inputs:
    """What train and quantize left: their records, and the sha256 of their checksum lists."""

    train: TrainRecord
    train_sha256: str
    quantize: QuantizeRecord
    quantize_sha256: str

    def origins(self, host: Host) -> Facts:
        """Return what is measured now comes from."""
        return _origins(self.train_sha256, self.quantize_sha256, host)

    def known_cells(self, settings: Settings, artifacts: Artifacts, host: Host) -> KnownCells:
        """Return what is known of cells, which depends on no setting of the rounds."""
        of_all = {"what train left": self.train_sha256, "batch_size": settings.batch_size}
        fp32 = {**of_all, **machine_facts(host), **boot(host)}
        return KnownCells(
            folder=artifacts.cells_of(settings.runtime),
            maker=replace(maker(settings, "profile"), settings={}),
            origins={FP32: fp32, INT8: {"what quantize left": self.quantize_sha256, **fp32}},
            afresh="profile" in settings.force or host.boot_id == UNKNOWN,
            as_measured=settings.more,
        )


def read_inputs(artifacts: Artifacts, runtime: str) -> Inputs:
    """Return what train and quantize left; InputStaleError if one was not made from the other."""
    folder = artifacts.quantize(runtime)
    train_sha256, quantize_sha256 = verify(artifacts.train.path), verify(folder.path)
    train = read_record(artifacts.train.record, TrainRecord)
    quantize = read_record(folder.record, QuantizeRecord)
    require_current(folder.path, quantize.train_sha256, artifacts.train.path)
    return Inputs(train, train_sha256, quantize, quantize_sha256)


def origins_of(record: ProfileRecord | SweepRecord) -> Facts:
    """Return what was measured came from, by the names that `Inputs.origins` gives."""
    return _origins(record.train_sha256, record.quantize_sha256, record.host)


def boot(host: Host) -> Facts:
    """Return what changes when the machine starts again."""
    return {"boot of the machine": host.boot_id}


def _origins(train_sha256: str, quantize_sha256: str, host: Host) -> Facts:
    inputs = {"what train left": train_sha256, "what quantize left": quantize_sha256}
    return {**inputs, **machine_facts(host)}
