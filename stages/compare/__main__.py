"""`python -m stages.compare`: the table, the page, the pictures and files for tools, from JSON.

The page also has a few images of train's test split.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace

from stages.artifacts import Artifacts, write_record
from stages.command_line import for_stage
from stages.common.current import Facts, Product, by_runtime, kept, stays
from stages.common.headline import require_trusted
from stages.common.progress import Progress
from stages.common.provenance import maker
from stages.compare.effects import compare
from stages.compare.inputs import read_profiles
from stages.compare.page.seen import Seen
from stages.compare.rehearsed import read_rehearsed
from stages.compare.short import render_answers, render_short
from stages.compare.summary import texts_of
from stages.compare.table import render
from stages.errors import GIVE_UP_S, exit_code_of
from stages.folder.access import writing
from stages.folder.handover import handing_over
from stages.program.host_path import shown
from stages.program.quiet import answer
from stages.records.compare import CompareRecord
from stages.settings import Settings
from stages.stage_folders import CompareFolder

PICTURES, PAGE = STEPS = ("pictures", "page")


def main() -> None:
    """Check the inputs, compare, and hand over artifacts/compare.

    Raises NotTrustedError, when all is done, if a run is not to be trusted.
    """
    settings = for_stage("compare", sys.argv[1:], os.environ)
    with writing(settings.artifacts, "compare") as artifacts:
        record, text = _compare(settings, artifacts)
    print(text, end="", flush=True)
    answer(text.partition("\n\n")[0])
    log, page = artifacts.compare.log.name, artifacts.compare.page.name
    place = shown(artifacts.compare.path)
    print(
        f"compare: {log} with all columns, the page {page}, and pictures are in {place}", flush=True
    )
    runs = {repeat.runtime: repeat for repeat in record.repeats}
    require_trusted(runs, named=len(runs) > 1)


def _compare(settings: Settings, artifacts: Artifacts) -> tuple[CompareRecord, str]:
    """Compare, and return the record and what to show of it.

    The record and its whole text are worked out again, as that takes a moment: what is there is
    read to see if it can stay.
    """
    profiles = read_profiles(artifacts)
    rehearsed = read_rehearsed(artifacts, profiles)
    for reason in rehearsed.left_out:
        print(f"compare: the rehearsal is left out: {shown(reason)}", file=sys.stderr)
    summaries = {profile.runtime: profile.summaries for profile in profiles}
    made = maker(settings, "compare")
    record = replace(compare(profiles, rehearsed.sha256), maker=made)
    text = render(record, summaries, rehearsed)
    texts = {artifacts.compare.log.name: text, **texts_of(record, profiles)}
    product = _product(artifacts.compare, record, texts)
    if not kept(product, settings, _origins(record)):
        _hand_over(product, Seen(record, profiles, rehearsed), texts, artifacts)
    if settings.long:
        return record, f"{render_answers(record, summaries)}\n\n{text}"
    return record, render_short(record, summaries, rehearsed)


def _product(
    folder: CompareFolder, record: CompareRecord, texts: Mapping[str, str]
) -> Product[CompareRecord]:
    return Product(
        program="compare",
        folder=folder,
        kind=CompareRecord,
        origins=_origins,
        unfit=lambda there: _unfit(folder, there, record, texts),
    )


def _origins(record: CompareRecord) -> Facts:
    profiles = by_runtime("what profile left", record.profile_sha256)
    return {**profiles, "what rehearse left": record.rehearse_sha256}


def _unfit(
    folder: CompareFolder, there: CompareRecord, record: CompareRecord, texts: Mapping[str, str]
) -> str:
    """Return which file there is not what the profiles give; empty if each is."""
    if replace(there, maker=record.maker) != record:
        return f"{folder.record.name} is not what the profiles give"
    for name, text in texts.items():
        path = folder.path / name
        if not path.is_file() or path.read_bytes() != text.encode():
            return f"{name} is not what the profiles give"
    return ""


def _hand_over(
    product: Product[CompareRecord], seen: Seen, texts: Mapping[str, str], artifacts: Artifacts
) -> None:
    with (
        handing_over(product.folder.path, stays(product), last=True) as partial,
        Progress("compare", STEPS) as progress,
    ):
        out = CompareFolder(partial)
        write_record(out.record, seen.record)
        for name, text in texts.items():
            (partial / name).write_text(text, encoding="utf-8")
        progress.step(PICTURES)
        _draw(out, seen)
        progress.step(PAGE)
        _write_page(out, seen, artifacts)


def _draw(out: CompareFolder, seen: Seen) -> None:
    # Imported only now: `--help` needs no matplotlib.
    from stages.compare.draw import draw

    draw(out, seen)


def _write_page(out: CompareFolder, seen: Seen, artifacts: Artifacts) -> None:
    from stages.compare.page.render import write_page

    write_page(out, seen, artifacts)


if __name__ == "__main__":
    sys.exit(exit_code_of("compare", main, GIVE_UP_S))
