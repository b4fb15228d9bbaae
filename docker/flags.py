"""Flags as people give them: twice, empty, or behind one of several tasks."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import takewhile

from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext, to_flag

from stages.command_line import load
from stages.errors import SettingsError
from stages.setting.addresses import name_in
from stages.setting.suggestion import quoted
from stages.settings import specs

Contexts = Mapping[str, ParserContext]
# Flags that say where tasks work: those of one command have the same.
PLACES = ("artifacts", "host", "runner")
# invoke's own flags that it reads before it knows of any task.
READ_EARLY = {
    *("version", "search-root", "collection", "debug", "write-pyc", "print-completion-script"),
}


def spelled_out(tokens: Sequence[str], contexts: Contexts) -> list[str]:
    """Return a command line in which the words behind a task that takes several have its flag.

    invoke knows no argument without a flag that may be there more than once; it would take the
    second word for a task.
    """
    shown: list[str] = []
    context: ParserContext | None = None
    value_of = False
    read = [*takewhile(lambda token: token != "--", tokens)]
    for token in read:
        flag = context.flags.get(token.partition("=")[0]) if context else None
        is_word = not value_of and not token.startswith("-")
        if is_word and context and (several := _flag_of_several(context)):
            shown += [several, token]
        else:
            context = contexts.get(token, context) if is_word else context
            shown.append(token)
        value_of = bool(flag and flag.takes_value and "=" not in token)
    return [*shown, *tokens[len(read) :]]


def _flag_of_several(context: ParserContext) -> str:
    """Return the flag of a task's list of arguments, empty if it has none."""
    flags = (name for name, argument in context.flags.items() if argument.kind is list)
    return next(flags, "")


def refuse_repeated(tokens: Sequence[str], core: ParserContext, contexts: Contexts) -> None:
    """Raise Exit if an argument is given twice, or a value to a flag that takes none.

    invoke would take the second value, or that one, for a task.
    """
    context, given, value_of = core, set[int](), False
    for token in tokens:
        name, equals, _ = token.partition("=")
        if token == "--":
            return
        if flag := _flag(context, name) or _flag(core, name):
            shown = f"{context.name or 'invoke'}: error: {name}"
            _once(flag, shown, given)
            if equals and not flag.takes_value:
                raise refusal(f"{shown} takes no value; give it alone, without what follows the =")
            if context is not core and flag.name in READ_EARLY and not _flag(context, name):
                raise refusal(
                    f"{context.name}: error: {name} is invoke's own, and would do nothing behind a "
                    f"task; put it before: `invoke {name}`"
                )
            value_of = flag.takes_value and not flag.optional and not equals
        elif value_of:
            value_of = False
        elif missing := [it for it in context.positional_args if id(it) not in given]:
            given.add(id(missing[0]))
        elif token in contexts:
            context, given = contexts[token], set()


def _flag(context: ParserContext, name: str) -> Argument | None:
    # Its short forms are no keys, so that get() knows none.
    flag: Argument | None = None
    with suppress(KeyError):
        flag = context.flags[name]
    return flag


def _once(flag: Argument, shown: str, given: set[int]) -> None:
    if flag.takes_value and flag.kind is not list and id(flag) in given:
        raise refusal(f"{shown} is there twice; give it once")
    given.add(id(flag))


def refuse_values(tasks: Sequence[ParserContext]) -> None:
    """Raise Exit for a value that a task would refuse, before an earlier one runs for minutes."""
    for context in tasks if len(tasks) > 1 else ():
        given = {it.name: it.value for it in context.args.values() if it.got_value}
        settings = {name: value for name, value in given.items() if name in specs()}
        try:
            load({}, {name: "1" if it is True else str(it) for name, it in settings.items()})
        except SettingsError as error:
            raise refusal(f"{context.name}: error: {error}") from None


def refuse_empty(context: ParserContext) -> None:
    """Raise Exit if an argument was given without any text: it is not the same as not given."""
    for argument in context.args.values():
        given = argument.raw_value
        if isinstance(given, str) and not given.strip():
            raise refusal(
                f"{context.name}: error: {shown_name(argument)} can't be ''; give a value"
            )


def shown_name(argument: Argument) -> str:
    """Return what a user calls an argument: its flag, unless it can be given without one."""
    return str(argument.name) if argument.positional else to_flag(str(argument.name))


def refuse_unknown(context: ParserContext) -> None:
    """Raise Exit if invoke took a flag that a task does not have for the value it needs."""
    for argument in context.positional_args:
        given = argument.raw_value
        if isinstance(given, str) and given.startswith("-") and len(given) > 1:
            shown = quoted(name_in(given), [*context.flags])
            raise refusal(
                f"{context.name}: error: there is no flag {shown}; `invoke --help {context.name}` "
                "shows all"
            )


def of_one_task_alone(tasks: Sequence[ParserContext]) -> list[str]:
    """Return a note for each flag of the last task that earlier ones have, too, but were not given.

    invoke takes a flag for the one task that it stands behind. Raises Exit for one of PLACES: an
    earlier task would work elsewhere, for minutes, and leave nothing for the last.
    """
    if len(tasks) < 2:
        return []
    *earlier, last = tasks
    given = {name for name, it in last.args.items() if it.got_value}
    notes = []
    for name in sorted(given):
        without = [
            it
            for it in earlier
            if it.name != last.name and name in it.args and not it.args[name].got_value
        ]
        if without:
            flag, names = to_flag(name), [str(it.name) for it in without]
            said = f"{flag} is for {last.name} alone, behind which it stands, and not for "
            said += " and ".join(names)
            if name in PLACES:
                raise refusal(f"{last.name}: error: {said}; give it behind each")
            notes.append(f"{last.name}: note: {said}; give it there, too, if it should be")
    return notes


def refusal(line: str) -> Exit:
    """Return what ends invoke with this line, as a setting that can't be."""
    return Exit(line, SettingsError.exit_code)
