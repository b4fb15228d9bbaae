"""Why invoke can't do what a command line, or a file of its own settings, says: in one line.

Whatever else invoke says of it is not shown.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from invoke.exceptions import ParseError, UnknownFileType
from invoke.parser.context import ParserContext, to_flag

from docker.flags import Contexts, refusal
from stages.program.printable import printable
from stages.setting import foreign_words
from stages.setting.addresses import fit_to_show, name_in
from stages.setting.suggestion import MAX_SHOWN, quoted

FLAG = re.compile(r"Flag <\w+: ([\w-]+)")
MAX_TASKS = 3
UNKNOWN, MISSING, NO_VALUE = "No idea what", "did not receive required", "needed value"


@contextmanager
def refusing(contexts: Contexts) -> Iterator[None]:
    """Refuse a command line that invoke can't read."""
    try:
        yield
    except ParseError as error:
        raise refusal(f"invoke: error: {explanation(error, contexts)}") from None


@contextmanager
def refusing_numbers() -> Iterator[None]:
    """Refuse a text in place of a number."""
    try:
        yield
    except ValueError as error:
        raise refusal(f"invoke: error: {_of_value(error)}") from None


@contextmanager
def refusing_files() -> Iterator[None]:
    """Refuse a file of settings for invoke itself that it fails on, in whatever way it does."""
    try:
        yield
    except UnknownFileType:
        kinds = "give one that ends in .yaml, .yml, .json or .py"
        raise refusal(f"invoke: error: config names a file of no known kind; {kinds}") from None
    except Exception as error:
        if isinstance(error, OSError | MemoryError):
            raise
        why = foreign_words.shown(str(error), MAX_SHOWN) or type(error).__name__
        raise refusal(
            f"invoke: error: invoke's own settings can't be read ({why}); correct or remove what "
            "--config names, or ~/.invoke.yaml and its like"
        ) from None


def explanation(error: ParseError, contexts: Contexts) -> str:
    """Return what to say of a command line that invoke can't read: cause, then remedy."""
    text, context = str(error), error.context
    if text.startswith(UNKNOWN):
        return _of_unknown(_quoted(text), context, contexts)
    if MISSING in text and context:
        return _of_missing(context)
    if NO_VALUE in text and (flag := FLAG.match(text)):
        shown, topic = to_flag(flag[1].replace("-", "_")), _topic(context)
        return f"{shown} has no value; `invoke --help{topic}` says what may be given"
    return f"{foreign_words.shown(text, MAX_SHOWN)}; `invoke --help TASK` shows what may be given"


def _of_unknown(token: str, context: ParserContext | None, contexts: Contexts) -> str:
    topic, name = _topic(context), name_in(token)
    flags = list(context.flags) if context and topic else []
    if token.startswith("-"):
        shown, others = quoted(name, flags), _that_have(name, contexts)
        return (
            f"{topic.strip() or 'invoke'} has no flag {shown}{others}; "
            f"`invoke --help{topic}` shows all"
        )
    # A flag may have lost its dashes, or a task may be misspelt.
    return f"there is no task {quoted(name, [*contexts, *flags])}; plain `invoke` lists all"


def _that_have(flag: str, contexts: Contexts) -> str:
    """Return which tasks have a flag, in words; empty if none has, or more than a line names."""
    names = [name for name, context in contexts.items() if flag in context.flags]
    if not 0 < len(names) <= MAX_TASKS:
        return ""
    return f", which {' and '.join(names)} {'has' if len(names) == 1 else 'have'}"


def _topic(context: ParserContext | None) -> str:
    """Return the name of a task as it stands behind --help, with a space; empty for none."""
    return f" {context.name}" if context and context.name else ""


def _of_value(error: ValueError) -> str:
    """Return what to say of a text that invoke can't take for a number."""
    text = str(error).rpartition(": ")[2]
    shown = printable(fit_to_show(text), MAX_SHOWN)
    return f"{shown} is no whole number; `invoke --help` says what may be given"


def _of_missing(context: ParserContext) -> str:
    needed = " ".join(str(argument.name).upper() for argument in context.missing_positional_args)
    ways = [f"`invoke {context.name} {needed}`"]
    for argument in context.missing_positional_args:
        for flag in getattr(argument, "replacements", ()):
            ways.append(f"`invoke {context.name} --{flag.name}`")
    return f"{context.name} needs {needed}; give {' or '.join(ways)}"


def _quoted(text: str) -> str:
    """Return what stands in quotes in invoke's message: a token's repr."""
    return text.removeprefix(UNKNOWN).strip().removesuffix("is!").strip()[1:-1]
