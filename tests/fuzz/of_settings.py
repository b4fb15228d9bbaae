"""Settings, the command lines that give them, and what is said of slips."""

from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

from hypothesis import strategies as st
from invoke.collection import Collection
from invoke.exceptions import Exit, ParseError
from invoke.parser import Parser as InvokeParser

from docker.flags import refuse_empty
from docker.host.elsewhere import checked
from docker.options import stage_task
from docker.program import help_topic
from docker.refusing import explanation
from stages.agreement import require_agreement
from stages.command_line import flag_name, for_stage, load
from stages.download.mirror import at_mirror, name_of_module
from stages.errors import SettingsError
from stages.files.member import is_inside
from stages.program.printable import printable
from stages.setting.addresses import (
    recorded_handle,
    redacted,
    redacted_address,
    redacted_handle,
)
from stages.setting.cpu_list import format_list, parse_list
from stages.setting.programs import PROGRAMS, STAGES
from stages.setting.ranges import MAX_CPUS
from stages.setting.spec import as_text
from stages.setting.suggestion import nearest, quoted
from stages.settings import Settings, env_name, specs, specs_of
from tests.fuzz.inputs import mutated_texts, texts
from tests.fuzz.parsers import Parser

ADDRESSES = (
    "https://me:secret@hub:8080/vgg19/1?key=hidden&b=2#part",
    "see http://u:p@h/ and ftp://[::1]:21/a@b?c",
    "https://me:se/cr?et@h/@scope/m?a?b",
)
PASSWORDS = ("se/c", "12/c", "s#c", "s?c", "s[e]c", "a@h/s", "%2F", " ")
MACHINES = ("ssh://me@vm:22", "ssh://[fe80::1]", "ssh://me:secret@vm/", "vm")
LISTS = ("0-3,8", "0", "0-31,64-95", "8191", "3-1", "0,0", "0-99999999999")
HELP = {"-h", "--help", "--version"}


def parsers() -> Iterator[Parser]:
    yield from map(_of_setting, specs())
    yield from map(_of_command_line, PROGRAMS)
    yield Parser("variables", _environments(), _read_environment)
    yield Parser("invoke's command line", _command_lines("profile"), _read_invoke, (Exit,))
    yield Parser("lists of CPUs", mutated_texts(*LISTS), _read_list, (ValueError,))
    yield Parser("text that is shown", texts(), _show)
    yield Parser("addresses that are shown", mutated_texts(*ADDRESSES), _redact)
    yield Parser("addresses with a mirror", mutated_texts(*ADDRESSES), _ask_mirror)
    yield Parser("addresses with a password", mutated_texts(*PASSWORDS), _refuse_address)
    yield Parser("addresses of another machine", mutated_texts(*MACHINES), _take_machine)
    yield Parser("slips", mutated_texts("profile", "--rounds", "AVX3"), _suggest)


def _of_setting(name: str) -> Parser:
    seeds = [as_text(getattr(Settings(), name)) or "0-3", *specs()[name].values]

    def read(text: str) -> None:
        value = getattr(load({}, {name: text}), name)
        # What is recorded as text can be given again.
        assert getattr(load({}, {name: as_text(value)}), name) == value

    return Parser(f"setting {name}", mutated_texts(*seeds), read)


def _command_lines(program: str) -> st.SearchStrategy[list[str]]:
    flags = [flag_name(name) for name in specs_of(program)]
    token = mutated_texts(*flags, *(f"{flag}=8" for flag in flags)) | st.sampled_from(flags)
    return st.lists(token.filter(lambda text: text not in HELP), max_size=5)


def _of_command_line(program: str) -> Parser:
    return Parser(
        f"command line of {program}",
        _command_lines(program),
        lambda argv: for_stage(program, argv, {}),
    )


def _environments() -> st.SearchStrategy[dict[str, str]]:
    names = [env_name(name) for name in specs()]
    return st.dictionaries(st.sampled_from(names) | mutated_texts(*names), texts(), max_size=4)


def _read_environment(environ: dict[str, str]) -> None:
    require_agreement(load(environ), STAGES)


def _read_invoke(argv: list[str]) -> None:
    contexts = Collection(stage_task("profile", "", specs_of("profile"), print)).to_contexts()
    parser = InvokeParser(contexts)
    help_topic(argv, parser.contexts)
    try:
        (context,) = parser.parse_argv(["profile", *argv])
        refuse_empty(context)
    except ParseError as error:
        said = explanation(error, parser.contexts)
        assert said.isprintable()
        assert len(said) < 500
    except ValueError:
        pass  # the task was named twice


def _read_list(text: str) -> None:
    numbers = parse_list(text)
    assert numbers == sorted(set(numbers))
    assert all(0 <= number < MAX_CPUS for number in numbers)
    assert parse_list(format_list(numbers)) == numbers


def _show(text: str) -> None:
    assert printable(text).isprintable()
    assert len(printable(text, 20)) <= 20 * len(r"\U00000000")
    assert quoted(text).isprintable()


def _redact(text: str) -> None:
    # So that whoever is given one without secrets finds what was kept by the whole one.
    assert redacted(redacted(text)) == redacted(text)
    assert redacted_handle(redacted_handle(text)) == redacted_handle(text)
    assert redacted(redacted_handle(text)) == redacted_handle(redacted(redacted_handle(text)))
    assert "secret" not in redacted_handle(f"https://me:secret{text}@h/m")
    if "hush" not in text:  # inputs have a "secret" of their own, which may be a host's name
        assert "hush" not in redacted_address(f"me:hush@{text}")
    assert recorded_handle(recorded_handle(text)) == recorded_handle(text)
    if "://" not in text:  # else it is no path
        path = recorded_handle(f"/home/secret/{text}")
        assert is_inside(path)
        assert path.startswith("given/")


def _take_machine(text: str) -> None:
    address = checked(text)
    assert address in text
    parts = urlsplit(address)
    assert not parts.password
    assert not (parts.username or "").startswith("-")
    assert not (parts.hostname or "").startswith("-")


def _ask_mirror(text: str) -> None:
    """Ask a mirror at that address, and for a module whose handle that is."""
    with suppress(SettingsError):
        mirror = load({}, {"download_mirror": text}).download_mirror
        assert urlsplit(at_mirror(mirror, "h/m")).path.endswith("/h/m")
    name = name_of_module(text)
    assert not name.startswith("/")
    assert "hush" in text or "hush" not in name_of_module(f"https://me:hush@{text}")
    assert not name or urlsplit(at_mirror("https://mirror/", name)).netloc == "mirror"


def _refuse_address(text: str) -> None:
    for name in ("backbone", "download_mirror"):
        for address in (f"http://me:{text}hush@h/m", f"me:{text}hush@h/m", f"//me{text}:hush@h/m"):
            assert "hush" not in _refusal_of(name, address).replace(text, "")


def _refusal_of(name: str, text: str) -> str:
    """Return why a text is no value of a setting, "" if it is one."""
    try:
        load({}, {name: text})
    except SettingsError as error:
        return str(error)
    return ""


def _suggest(text: str) -> None:
    names = [*PROGRAMS, "--rounds", "AVX2"]
    assert nearest(text, names) in ("", *names)
