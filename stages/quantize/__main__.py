"""`python -m stages.quantize`: find the fastest INT8 model within the bound; hand on BF16, too."""

import os
import sys

from stages.artifacts import Artifacts, read_record, verify, write_record
from stages.command_line import for_stage
from stages.common.chance import warn_at_chance
from stages.common.current import Product, kept
from stages.common.host import memory
from stages.common.host.core_lock import holding
from stages.common.host.cores import choose_cores
from stages.common.host.facts import (
    cpu_flags,
    describe_host,
    require_consistent,
    require_int8_kernels,
)
from stages.common.unfit import of_quantize
from stages.errors import GIVE_UP_S, exit_code_of
from stages.folder.access import writing
from stages.folder.handover import handing_over
from stages.quantize.kept_trials import KeptTrials, Origin, discard, origins
from stages.quantize.memory_plan import require_memory
from stages.quantize.report import closing_line, slow_ops_line
from stages.quantize.run import quantize
from stages.records.base import Host
from stages.records.quantize import QuantizeRecord
from stages.records.train import TrainRecord
from stages.runtimes import quantize_switches
from stages.settings import Settings
from stages.stage_folders import QuantizeFolder


def main() -> None:
    """Check the input, search for a recipe, and hand over artifacts/quantize."""
    settings = for_stage("quantize", sys.argv[1:], os.environ)
    os.environ.update(quantize_switches(settings.runtime))
    with writing(settings.artifacts, "quantize") as artifacts:
        train_sha256 = verify(artifacts.train.path)
        train = read_record(artifacts.train.record, TrainRecord)
        host = describe_host(choose_cores(settings.cores))
        folder = artifacts.quantize(settings.runtime)
        if there := kept(_product(folder), settings, origins(train_sha256, host)):
            discard(artifacts, settings.runtime)
            warn_at_chance("quantize", there.chance, "validation")
            return
        memory.require_batch(settings.batch_size, train.backbone.name)
        require_memory(settings, train.backbone.name)
        record = _quantize(settings, artifacts, train_sha256, host)
    warn_at_chance("quantize", record.chance, "validation")
    if slow := slow_ops_line(record):
        print(slow)
    print(closing_line(record), flush=True)


def _product(folder: QuantizeFolder) -> Product[QuantizeRecord]:
    return Product(
        program="quantize",
        folder=folder,
        kind=QuantizeRecord,
        origins=lambda record: origins(record.train_sha256, record.host),
        unfit=of_quantize,
    )


def _quantize(
    settings: Settings, artifacts: Artifacts, train_sha256: str, host: Host
) -> QuantizeRecord:
    require_int8_kernels(cpu_flags())
    require_consistent(host)
    origin = Origin(settings=settings, train_sha256=train_sha256, host=host)
    with (
        holding(host.cores_pinned, "quantize", settings.locks),
        handing_over(artifacts.quantize(settings.runtime).path, last=True) as partial,
    ):
        out, trials = QuantizeFolder(partial), KeptTrials(artifacts, origin)
        trials.take_up()
        record = quantize(settings, artifacts, out, train_sha256, host, trials)
        write_record(out.record, record)
    discard(artifacts, settings.runtime)
    return record


if __name__ == "__main__":
    sys.exit(exit_code_of("quantize", main, GIVE_UP_S))
