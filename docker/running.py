"""Run stages one after the other, as a task asks: check what is given, prepare, say how it went."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from docker.build.graph import Stage, read_extra, read_stages
from docker.ending import end_with
from docker.host import engine
from docker.host.asked import require_runner
from docker.host.elsewhere import HOST, checked, engine_at
from docker.host.env_file import asked_memory, environment, with_place
from docker.host.own_files import OWN
from docker.host.variables import GIVEN_PATHS
from docker.how import How
from docker.local_runner import Runner
from docker.options import flags_given
from docker.outcome import Outcome
from docker.remote.runner import Remote, require_possible
from docker.runners import RUNNERS, prepare_docker, require_possible_by, to_prepare
from docker.stage_environment import TRAIN
from docker.standing import from_here
from stages.agreement import require_agreement
from stages.check import require_one
from stages.command_line import load
from stages.errors import EngineError, NotTrustedError, SettingsError, StageError, exit_code_of
from stages.folder.usable import resolved
from stages.inputs import require_inputs
from stages.program.clock import time_of_day
from stages.program.quiet import QUIET
from stages.setting.prefix import refuse_misspelt
from stages.setting.programs import DOCTOR, DOWNLOAD, EXTRAS, STAGES
from stages.settings import Settings, env_name, needs_download

NORMAL = How()
# compose.yaml's: that compare follows profile, and says in its place if the run is in doubt.
COMPARED, COMPARE = "STAGES_COMPARED", STAGES[-1]


def run_programs(
    programs: Sequence[str], name: str, runner: str, given: dict[str, str], how: How = NORMAL
) -> None:
    """Run these in order up to the first that fails, whose exit code becomes invoke's."""
    end_with(run_chosen(programs, name, runner, given, how))


def run_chosen(
    programs: Sequence[str], name: str, runner: str, given: dict[str, str], how: How = NORMAL
) -> int:
    """Run these in order up to the first that fails, and return its exit code; print its error."""
    codes: list[int] = []

    def run() -> None:
        how.require_possible()
        with how.hushed(), engine_at(checked(given.get(HOST, ""))):
            codes.append(run_stages(programs, name, runner, given, how))

    return exit_code_of(name, run) or codes[0]


def run_stages(
    programs: Sequence[str], name: str, runner: str, given: dict[str, str], how: How = NORMAL
) -> int:
    """Run what is wanted by one of RUNNERS, and return the exit code of the first that fails.

    What is not to be trusted has not failed: its code is returned when all have run. With HOST in
    what is `given`, the engine that is asked is another machine's: its results are fetched.
    """
    require_runner(runner, RUNNERS)
    settings = chosen_settings({flag: text for flag, text in given.items() if flag != HOST})
    _require_made(given.get("force", ""), programs)
    extras = (read_extra(extra, settings) for extra in EXTRAS)
    known = [read_extra(DOWNLOAD, settings), *read_stages(settings), *extras]
    wanted = _with_download(programs, load(settings))
    stages = [stage for stage in known if stage.name in wanted]
    if not stages:
        print(f"{name}: nothing is needed from a network")
        return 0
    require_agreement(load(settings), programs)
    if HOST in given:
        return _run_there(stages, name, runner, settings, how)
    require_inputs(load(settings), wanted)
    if TRAIN in wanted:
        for own in OWN:
            own.require_usable(settings.get(own.variable, ""))
    require_possible_by(runner, load(settings), wanted)
    if how.dry_run:
        _forecast(name, load(settings), stages, runner)
        return 0
    run = RUNNERS[runner](stages, load(settings).artifacts, name, how.verbose)
    if RUNNERS[runner] is prepare_docker:
        _say_engine(stages)
    return _run_all(run, stages, settings | _asked(stages, how), name)


def _run_there(
    stages: Sequence[Stage], name: str, runner: str, settings: Mapping[str, str], how: How
) -> int:
    """Run stages on another machine's engine, and fetch what they leave, also if one fails."""
    require_possible(stages, runner, how.dry_run, settings)
    there = Remote.of(load(settings).artifacts)
    run = there.prepare(stages, load(settings), name, how.verbose)
    _say_engine(stages)
    asked = {**settings, **_asked(stages, how)}
    code = _run_all(run, stages, asked, name, is_here=False)
    if code != EngineError.exit_code:
        there.fetch(stages, load(settings), name)
    return code


def _say_engine(stages: Sequence[Stage]) -> None:
    if DOCTOR in {stage.name for stage in stages}:
        print(f"engine  {engine.summary()}", flush=True)


def _asked(stages: Sequence[Stage], how: How) -> dict[str, str]:
    """Return what compose.yaml reads of a run as a whole."""
    compares = COMPARE in {stage.name for stage in stages}
    return {COMPARED: "1" if compares else "", QUIET: "1" if how.quiet else ""}


def _forecast(name: str, settings: Settings, stages: list[Stage], runner: str) -> None:
    """Show what a run would do, which is worked out without an engine or TensorFlow."""
    from stages.forecast.text import forecast

    print(f"{name}: nothing is run; this is what it would do")
    names = [stage.name for stage in stages]
    limit = asked_memory(environment()) if RUNNERS[runner] is prepare_docker else None
    print(forecast(settings, names, [to_prepare(runner, stages)], limit), flush=True)


def _run_all(
    run: Runner,
    stages: Sequence[Stage],
    settings: Mapping[str, str],
    name: str,
    *,
    is_here: bool = True,
) -> int:
    began, inside, code = time.monotonic(), 0.0, 0
    for index, stage in enumerate(stages):
        if len(stages) > 1:
            left = _duration(stages[index:], load(settings)) if is_here else ""
            _say_begin(name, stage, left)
        outcome = run(stage, settings)
        inside += outcome.seconds
        if outcome.exit_code not in (0, NotTrustedError.exit_code):
            _say_failure(name, stage.name, outcome)
            return outcome.exit_code
        code = outcome.exit_code or code
        which = "" if name == stage.name else f"{stage.name} "
        print(f"{time_of_day()} {name}: {which}took {outcome.seconds:.1f} s", flush=True)
    # What the stages' processes didn't take is starting and removing their containers.
    orchestration = time.monotonic() - began - inside
    print(
        f"{time_of_day()} {name}: done in {inside:.1f} s and {orchestration:.1f} s of orchestration"
    )
    return code


def _say_begin(name: str, stage: Stage, left: str) -> None:
    """Say that a stage begins, and in words how long it and all after it take, if that is known."""
    said = "; ".join(filter(None, (f"{name}: {stage.name} begins", left)))
    print(f"{time_of_day()} {said}", flush=True)


def _duration(stages: Sequence[Stage], settings: Settings) -> str:
    """Return in words how long these stages will take, empty if that can't be said.

    That is worked out again for each: what the one before it left may be as before.
    """
    from stages.forecast.duration import duration
    from stages.forecast.standing import standings, this_host

    names = [stage.name for stage in stages]
    try:
        host = this_host(settings)
        takes = duration(standings(settings, names, host), host, settings)
        return takes.in_all(" left in all")
    except (StageError, OSError):  # the stage that it stops says why
        return ""


def _require_made(forced: str, programs: Sequence[str]) -> None:
    """Raise SettingsError if a flag forces a program that the task does not run.

    The variable, which is for all tasks, may name any.
    """
    chosen = load({}, {"force": forced} if forced else {}).force
    if others := [name for name in chosen if name not in programs]:
        raise SettingsError(
            f"force names {', '.join(others)}, which this does not run; give {', '.join(programs)}"
        )


def _with_download(programs: Sequence[str], settings: Settings) -> set[str]:
    """Return what is to be run: download, too, before train, if anything comes from a network."""
    needs = {DOWNLOAD, TRAIN} & {*programs} and needs_download(settings)
    return {*programs} - {DOWNLOAD} | ({DOWNLOAD} if needs else set())


def _say_failure(name: str, stage: str, outcome: Outcome) -> None:
    """Say what the stage itself could not, and which of several it was."""
    if outcome.reason:
        print(f"{name}: error: {stage} {outcome.reason}", file=sys.stderr)
    elif name != stage:
        print(f"{name}: stopped, as {stage} failed with code {outcome.exit_code}")


def load_settings(given: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of the environment and .env, with what is given on top."""
    environ = environment()
    try:
        refuse_misspelt(environ, GIVEN_PATHS)
        return load(environ, given or {})
    except SettingsError as error:
        raise with_place(error) from None


def artifacts_of(flag: str = "") -> Path:
    """Return the artifacts folder that a flag names, else, if that is empty, the settings'."""
    return load_settings(_from_here(flags_given(artifacts=flag))).artifacts


def _from_here(given: dict[str, str]) -> dict[str, str]:
    """Return flags in which the artifacts folder is the one beside the user, as other files are."""
    folder = given.get("artifacts", "").strip()
    return given | {"artifacts": str(from_here(os.path.expanduser(folder)))} if folder else given  # noqa: PTH111


def chosen_settings(given: dict[str, str]) -> dict[str, str]:
    """Return the environment with what is given on top, checked; it always names the runtime.

    Compose would else take that from .env, and run another image than was built here.
    """
    given = _from_here(given)
    chosen = {env_name(name): text for name, text in given.items()}
    environ, settings = environment(), load_settings(given)
    for own in OWN:
        if own.setting not in given:
            require_one(own.variable, own.given, environ)
        if text := own.chosen(given.get(own.setting, ""), environ):
            chosen[own.variable] = own.on_this_machine(text, resolved(settings.artifacts))
    return {**environ, **chosen, env_name("runtime"): settings.runtime}
