"""The tasks of invoke for several kinds of nodes: submit, jobs, cancel."""

import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from invoke.context import Context
from invoke.tasks import Task, task

from docker.ending import end_with
from docker.host.asked import DOCKER
from docker.how import How
from docker.options import stage_task
from docker.running import artifacts_of, chosen_settings, run_stages
from docker.share.machines import Asked, side_by_side
from docker.submit import sending, state, watching
from docker.submit.order import (
    DEFAULT_LIMIT,
    Order,
    read_kinds,
    settings_of_jobs,
    settings_of_model,
)
from docker.submit.standing import Standing, checked, standings, table
from docker.submit.state import Submit
from stages.command_line import help_text, load
from stages.errors import NotTrustedError, SchedulerError, SettingsError, exit_code_of
from stages.folder.lock import writing_alone
from stages.folder.usable import resolved
from stages.program.printable import printable
from stages.setting.spec import Spec, read_whole

BEFORE = ("train", "quantize")
KINDS, AGAIN, LIMIT = "kinds", "again", "pending_limit"
OWN = {
    KINDS: f"kinds of nodes, features in Slurm, such as spr,icx: {', '.join(state.KINDS)}",
    LIMIT: f"minutes that a job may wait for a node, 0 for any time (default: {DEFAULT_LIMIT})",
    AGAIN: "send those of the last submit again that ended without a bundle; nothing else is given",
}
ARTIFACTS = {"artifacts": help_text("artifacts")}


def submit_task(specs: Mapping[str, Spec]) -> "Task[Any]":
    """Return the task that submits, with the settings of the pipeline."""
    doc = "Train and quantize here, measure on each kind of node by Slurm, and compare them."
    return stage_task("submit", doc, specs, _submit, (), OWN, (AGAIN,), unnamed="")


@task(help=ARTIFACTS, auto_shortflags=False)
def jobs(_: Context, artifacts: str = "") -> None:
    """Show how the jobs of the last submit stand, and what to do about each."""

    def show() -> None:
        folder = state.folder_of(resolved(artifacts_of(artifacts)))
        found = checked(standings(folder, sending.adopt(state.require_last(folder))))
        print(table(found))
        if len(watching.bundles(found)) > 1:
            command = shlex.join(["invoke", "diff", *watching.bundles(found)])
            print(f"jobs: compare them: {printable(command)}")

    end_with(exit_code_of("jobs", show))


@task(help=ARTIFACTS, auto_shortflags=False)
def cancel(_: Context, artifacts: str = "") -> None:
    """End the jobs of the last submit, with their containers; what is done is kept."""

    def end() -> None:
        folder = state.folder_of(resolved(artifacts_of(artifacts)))
        state.require_last(folder)
        with writing_alone(folder, "cancel"):
            submit = sending.adopt(state.require_last(folder))
            state.write(folder, sending.disowned(submit))
            kept = watching.cancel(folder, submit)
        try:
            print(table(standings(folder, submit)))
        finally:
            _require_ended(kept)

    end_with(exit_code_of("cancel", end))


def _require_ended(kept: Mapping[str, str]) -> None:
    if kept:
        shown = "; ".join(f"{kind} ({why})" for kind, why in kept.items())
        raise SchedulerError(
            f"not ended: {shown}; if `invoke jobs` still shows them, ask who runs the cluster"
        )


def _submit(runner: str, given: dict[str, str], _: How) -> None:
    codes = [0]

    def run() -> None:
        own = {name: given.pop(name) for name in OWN if name in given}
        artifacts = resolved(artifacts_of(given.get("artifacts", "")))
        folder = state.folder_of(artifacts)
        order = None if AGAIN in own else _order(runner, given, own)
        if order:
            state.require_log_folder(folder)
            sending.require_nodes(order.kinds)
        else:
            state.require_last(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with writing_alone(folder, "submit"):
            submit = (
                _begin(folder, artifacts, order, codes)
                if order
                else _again(folder, runner, given, own)
            )
            if submit is None:
                return
            submit = sending.send_all(folder, artifacts, submit)
        _await(folder, artifacts, submit)

    end_with(exit_code_of("submit", run) or codes[0])


def _order(runner: str, given: dict[str, str], own: Mapping[str, str]) -> Order:
    minutes = _read_minutes(own[LIMIT]) if LIMIT in own else None
    kinds = read_kinds(own.get(KINDS, ""))
    of_jobs, of_model = settings_of_jobs(given), settings_of_model(given)
    return Order(kinds, runner, given, of_jobs, of_model, minutes)


def _read_minutes(text: str) -> int:
    with suppress(ValueError):
        if 0 <= (minutes := read_whole(text)) <= state.MAX_LIMIT:
            return minutes
    raise SettingsError(f"pending_limit must be minutes, 0 to {state.MAX_LIMIT}; 0 is any time")


def _again(folder: Path, runner: str, given: Mapping[str, str], own: Mapping[str, str]) -> Submit:
    names = {*own, *given, *(("runner",) if runner else ())}
    if more := names - {AGAIN, "artifacts"}:
        raise SettingsError(
            f"again takes all from the last submit; leave out {', '.join(sorted(more))}"
        )
    return sending.again(folder)


def _begin(folder: Path, artifacts: Path, order: Order, codes: list[int]) -> Submit | None:
    """Return the submit to go on with, None if what comes first failed: its code is in `codes`."""
    if submit := sending.unfinished(folder, order):
        state.write(folder, submit)
        print(f"submit: goes on with {submit.id}", flush=True)
        return submit
    settings = {**order.settings, "artifacts": str(artifacts)}
    codes[0] = run_stages(BEFORE, "submit", order.runner or DOCKER, settings)
    if codes[0]:
        return None
    runtime = load(chosen_settings(settings)).runtime
    return sending.begin(folder, artifacts, order, runtime)


def _await(folder: Path, artifacts: Path, submit: Submit) -> None:
    """Wait until all jobs are over, compare what they left, and raise if one failed."""
    print("submit: the jobs go on if you interrupt this; `invoke jobs` shows them", flush=True)
    found = checked(watching.wait(folder, submit))
    try:
        if there := watching.bundles(found):
            for text in side_by_side(Asked(there), artifacts):
                print(text)
    except NotTrustedError:
        _require_done(found)  # a missing result is the worse of the two
        raise
    _require_done(found)


def _require_done(found: list[Standing]) -> None:
    bad = [it for it in found if it.word != "done"]
    if bad:
        shown = ", ".join(f"{it.job.kind} ({it.word})" for it in bad)
        raise SchedulerError(f"without a result: {shown}; `invoke jobs` says what to do about each")
