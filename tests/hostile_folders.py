"""Bundles whose files are not what a bundle has, by someone who makes all hashes fit."""

import json
from collections.abc import Iterator
from functools import partial

from stages.common.worker.loadgen import ANSWERS, DETAIL
from stages.files.checksums import CHECKSUMS
from tests.hostile_edits import (
    Edit,
    always,
    as_folder,
    followed,
    in_field,
    in_first,
    in_list,
    led,
    replacing,
    swapped,
    with_file,
    without_artifacts,
    without_stage,
)
from tests.hostile_texts import (
    ODD_ANSWERS,
    ODD_DETAILS,
    ODD_JSON,
    ODD_LISTS,
    ODD_LOGS,
    ODD_PATHS,
    ODD_PROOFS,
    ODD_VALUES,
    without,
)

RECORDS = (
    "train/train.json",
    "quantize/quantize.json",
    "profile/measurements.json",
    "profile/32.json",
    "compare/compare.json",
)
STAGES = ("train", "quantize", "profile", "compare")


def _paths() -> Iterator[tuple[str, Edit]]:
    measured: tuple[str | int, ...] = ("cells", 0, "measurement")
    places: dict[str, tuple[str | int, ...]] = {
        "a proof": ("cells", 0, "proof", "log"),
        "a run": (*measured, "offline", "runs", 0, "instances", 0, "log"),
        "an accuracy": (*measured, "accuracy", "log"),
    }
    for what, place in places.items():
        for kind, path in ODD_PATHS.items():
            yield (
                f"{what} whose log is {kind}",
                in_field("profile/measurements.json", place, json.dumps(path)),
            )


def _values() -> Iterator[tuple[str, Edit]]:
    places: dict[str, tuple[str, tuple[str | int, ...]]] = {
        "an accuracy of train": ("train/train.json", ("accuracy_top1", "test")),
        "a batch's seconds": (
            "profile/measurements.json",
            ("repeat", "measurement", "offline", "runs", 0, "instances", 0, "seconds", 0),
        ),
        "labels": ("quantize/quantize.json", ("labels",)),
        "a summary's rate": ("profile/8.json", ("throughput",)),
        "rows": ("compare/compare.json", ("rows",)),
    }
    for what, (record, place) in places.items():
        for kind, value in ODD_VALUES.items():
            if (what, kind) != ("rows", "a list"):
                yield f"{what} that is {kind}", in_field(record, place, value)


def _manifests() -> Iterator[tuple[str, Edit]]:
    for kind, change in ODD_JSON.items():
        if "version" in kind or "maker" in kind or "twice" in kind:
            continue
        yield f"a manifest {kind}", in_list("manifest.json", change)
    yield (
        "a manifest without its images",
        in_list("manifest.json", lambda text: without(text, "images")),
    )
    yield "no manifest", with_file("manifest.json", None)


FOLDERS: dict[str, Edit] = {
    **{
        f"{record} {kind}": replacing(record, change)
        for record in RECORDS
        for kind, change in ODD_JSON.items()
    },
    **{
        f"the list of {stage} {kind}": in_list(f"artifacts/{stage}/{CHECKSUMS}", change)
        for stage in STAGES
        for kind, change in ODD_LISTS.items()
    },
    **{f"the list {kind}": in_list(CHECKSUMS, change) for kind, change in ODD_LISTS.items()},
    **dict(_paths()),
    **dict(_values()),
    **dict(_manifests()),
    **{
        f"a report {kind}": replacing("compare/compare.log", always(content))
        for kind, content in ODD_LOGS.items()
    },
    **{
        f"a log of LoadGen {kind}": in_first(f"profile/loadgen/*/*/{DETAIL}", always(content))
        for kind, content in ODD_LOGS.items()
    },
    **{
        f"a log of LoadGen {kind}": in_first(
            f"profile/loadgen/*/offline-1*/{DETAIL}", partial(followed, line=line)
        )
        for kind, line in ODD_DETAILS.items()
    },
    **{
        f"LoadGen's answers {kind}": in_first(
            f"profile/loadgen/*/accuracy/{ANSWERS}", always(content)
        )
        for kind, content in {**ODD_ANSWERS, **ODD_LOGS}.items()
    },
    **{
        f"a proof {kind}": in_first("profile/proof/*.log", always(content))
        for kind, content in ODD_LOGS.items()
    },
    **{
        f"a proof {kind}": in_first("profile/proof/*.log", partial(led, lines=lines))
        for kind, lines in ODD_PROOFS.items()
    },
    **{
        f"a variant's log {kind}": in_first("quantize/proof/*.log", always(content))
        for kind, content in ODD_LOGS.items()
    },
    **{f"without {stage}": without_stage(stage) for stage in STAGES},
    "without artifacts": without_artifacts,
    "summaries in each other's place": swapped,
    "a file more": with_file("more.sh", b"#!/bin/sh\n"),
    "a folder more": with_file("more/x", b"x"),
    "a folder of no stage": with_file("artifacts/more/x", b"x"),
    "a file in no stage": with_file("artifacts/x", b"x"),
    "a file more in a stage": with_file("artifacts/compare/more.txt", b"x"),
    "a model": with_file("artifacts/train/model_keras.fp32/saved_model.pb", b"x"),
    "a list of no stage": with_file("artifacts/SHA256SUMS", b""),
    "a stage that is a file": with_file("artifacts/peers-x", b"x"),
    "a list that is a folder": as_folder(CHECKSUMS),
    "a manifest that is a folder": as_folder("manifest.json"),
    **{
        f"{name} that is a folder": as_folder(f"artifacts/{name}")
        for name in (*RECORDS, "compare/compare.log", *(f"{stage}/{CHECKSUMS}" for stage in STAGES))
    },
}
