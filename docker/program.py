"""invoke itself, as it is for these tasks: help that is always shown, slips that are understood.

`invoke` and `python -m invoke` run a Program of invoke's own, which only then loads tasks.py; it
has no setting for any of this. So tasks.py makes that Program one of these.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from invoke.exceptions import Exit
from invoke.main import program as invoke_program
from invoke.parser.parser import Parser
from invoke.program import Program

from docker.ending import end
from docker.flags import (
    Contexts,
    of_one_task_alone,
    refusal,
    refuse_empty,
    refuse_repeated,
    refuse_unknown,
    refuse_values,
    spelled_out,
)
from docker.paths import ROOT
from docker.refusing import refusing, refusing_files, refusing_numbers
from stages.errors import StageError, exit_code_of, report, say
from stages.program import streams
from stages.program.printable import printable, shortened
from stages.setting.addresses import fit_to_show
from stages.setting.suggestion import quoted

LIST_FORMATS, HELP_FLAGS = ("flat", "nested", "json"), ("--help", "-h")
SHELLS = ("bash", "fish", "zsh")  # for which invoke has a script of completion


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """Say in one line, if anybody reads it, why invoke ends, also if its output can't be written.

    invoke itself would show a traceback of the latter, and say nothing of Ctrl-C.
    """
    try:
        try:
            yield
        finally:
            streams.flush()
    except Exit as ending:
        if ending.message:
            say(ending.message)
        raise Exit(code=ending.code) from None
    except (KeyboardInterrupt, OSError, StageError) as error:
        raise Exit(code=report("invoke", error)) from None
    finally:
        streams.discard_unwritable()


class TaskProgram(Program):
    """A Program that refuses what it does not know in one line, with the nearest name."""

    @cached_property
    def _only_parser(self) -> Parser:
        # A second one would have no help: a task's arguments take it from the task.
        return super()._make_parser()

    def _make_parser(self) -> Parser:
        return self._only_parser

    @_ending_in_order()
    def create_config(self) -> None:
        """Read the files of settings for invoke itself."""
        with refusing_files():
            super().create_config()

    @_ending_in_order()
    def parse_core_args(self) -> None:
        """Read the flags of invoke itself."""
        with refusing({}), refusing_numbers():
            super().parse_core_args()
        shell = self.args["print-completion-script"].value
        if shell and shell not in SHELLS:
            shown, allowed = quoted(shell, SHELLS), " or ".join(SHELLS)
            raise refusal(
                f"invoke: error: print-completion-script can't be {shown}; give {allowed}"
            )

    @_ending_in_order()
    def load_collection(self) -> None:
        """Load the tasks of the folder that this runs in, or of one above it."""
        try:
            super().load_collection()
        except Exit:
            name, start = self.args.collection.value or "tasks", self.args["search-root"].value
            folder = shortened(fit_to_show(start or str(Path.cwd())))
            where = printable(f"{fit_to_show(name)}.py in {folder} or above it")
            instead = f"change to the clone's folder, {ROOT}, and run this again"
            if self.args.collection.value or start:
                instead += " without --collection or --search-root"
            raise refusal(f"invoke: error: there is no {where}; {instead}") from None

    @_ending_in_order()
    def parse_tasks(self) -> None:
        """Find the tasks and their flags; show a task's help wherever it is asked for."""
        self.parser = self._make_parser()
        contexts = self.parser.contexts
        topic = help_topic(self.core.unparsed, contexts)
        self.core.unparsed = spelled_out(self.core.unparsed, contexts)
        if not topic:
            refuse_repeated(spelled_out(self.argv[1:], contexts), self.initial_context, contexts)
        with refusing(self.parser.contexts), refusing_numbers():
            if topic:
                self.print_task_help(topic)
                raise Exit
            super().parse_tasks()
        for context in self.tasks:
            refuse_unknown(context)
            refuse_empty(context)
        refuse_values(self.tasks)
        for line in of_one_task_alone(self.tasks):
            print(line, file=sys.stderr)

    @_ending_in_order()
    def parse_cleanup(self) -> None:
        """Show what was asked for instead of a task."""
        if (form := self.args["list-format"].value) not in LIST_FORMATS:
            shown, allowed = quoted(form, LIST_FORMATS), " or ".join(LIST_FORMATS)
            raise refusal(f"invoke: error: list-format can't be {shown}; give {allowed}")
        if isinstance(root := self.args.list.value, str):
            raise refusal(f"invoke: error: list can't be {quoted(root)}; give it without a value")
        with refusing(self.parser.contexts):
            super().parse_cleanup()

    @_ending_in_order()
    def update_config(self, merge: bool = True) -> None:
        """Read what --config names."""
        with refusing_files():
            super().update_config(merge)

    @_ending_in_order()
    def execute(self) -> None:
        """Run the tasks."""
        super().execute()
        end()


def adopt(program: Program) -> None:
    """Make a Program, which may be running already, one of these."""
    streams.prepare()
    program.__class__ = TaskProgram


def main() -> None:
    """Run invoke as an activated environment's command: see host/launcher.py."""
    adopt(invoke_program)
    sys.exit(exit_code_of("invoke", invoke_program.run))


def help_topic(tokens: Sequence[str], contexts: Contexts) -> str:
    """Return the task before the first --help, "" if there is none.

    invoke would take it for the value of an argument that the task still needs.
    """
    topic, needed = "", 0
    for token in tokens:
        if token == "--":
            break
        if token in HELP_FLAGS:
            return topic
        if needed and not token.startswith("-"):
            needed -= 1
        elif token in contexts:
            topic, needed = token, len(contexts[token].positional_args)
    return ""
