"""`python -m stages.compare`: the table, the pictures and compare.json, from JSON alone."""

import os
import sys

from stages.artifacts import (
    Artifacts,
    CompareFolder,
    ProfileFolder,
    handing_over,
    read_record,
    require_current,
    verify,
    write_record,
)
from stages.compare.effects import compare
from stages.compare.plots import plot_absolute, plot_ladder, plot_times
from stages.compare.table import render
from stages.errors import exit_code_of
from stages.progress import Progress
from stages.records import CompareRecord, ModelSummary, ProfileRecord
from stages.settings import for_stage


def main() -> None:
    """Check the input, compare, and hand over artifacts/compare."""
    settings = for_stage("compare", sys.argv[1:], os.environ)
    artifacts = Artifacts(settings.artifacts.resolve())
    profile_sha256 = verify(artifacts.profile.path)
    profile = read_record(artifacts.profile.record, ProfileRecord)
    require_current(artifacts.profile.path, profile.train_sha256, artifacts.train.path)
    require_current(artifacts.profile.path, profile.quantize_sha256, artifacts.quantize.path)
    summaries = _summaries(artifacts.profile)
    with handing_over(artifacts.compare.path) as partial, Progress("compare", 2) as show:
        out = CompareFolder(partial)
        show.step("precision effect and ISA effect")
        record = compare(profile, profile_sha256)
        text = render(record, summaries)
        write_record(out.record, record)
        out.log.write_text(text)
        show.step("pictures")
        _draw(out, record, summaries)
    print(text, end="", flush=True)


def _summaries(folder: ProfileFolder) -> list[ModelSummary]:
    paths = (folder.summary_fp32, folder.summary_int8)
    return [read_record(path, ModelSummary) for path in paths if path.is_file()]


def _draw(out: CompareFolder, record: CompareRecord, summaries: list[ModelSummary]) -> None:
    plot_ladder(record, out.ladder)
    if summaries:
        plot_absolute(summaries, out.absolute)
        plot_times(summaries, out.times)


if __name__ == "__main__":
    sys.exit(exit_code_of("compare", main))
