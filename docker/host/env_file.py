"""The file .env beside compose.yaml: settings that a user keeps there, and what invoke adds.

`docker compose` reads it by itself. invoke reads the same settings from it, so that both do the
same job.
"""

import hashlib
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from docker.host import network
from docker.host.at_once import usual_mode, write_at_once
from docker.host.dotenv import Statement, statements, written
from docker.host.engine import EngineInfo
from docker.host.user import User, user_in_container
from docker.host.variables import (
    CERTIFICATES,
    CGROUP_PARENT,
    CPU_SHARES,
    GIVEN_PATHS,
    MEMORY,
    NETWORK,
    OVERRIDE,
    PROJECT,
)
from docker.paths import ENV_FILE, ROOT
from stages.errors import SettingsError
from stages.files.member import read_given
from stages.program.printable import printable
from stages.program.user import this_user
from stages.setting.addresses import why_no_path
from stages.setting.prefix import is_like_ours, refuse_misspelt, similar_to
from stages.setting.suggestion import MAX_SHOWN, quoted

PREFIX = "VGG19_"
KIB, MIB, GIB = 2**10, 2**20, 2**30
# Some 5,000 lines; each command reads them several times.
MAX_BYTES = 128 * KIB
# Some editors begin a file by it; compose passes over it.
BOM = "\ufeff"
# How UTF-16 begins, as `_text` decodes it.
UTF_16 = ("\udcff\udcfe", "\udcfe\udcff")
# Left to the machine itself, as a fraction of its memory and at least so much.
RESERVE, MIN_RESERVE = 1 / 16, GIB
# The most that the kernel takes, and what it gives where nothing is said.
ALL_SHARES, USUAL_SHARES, MIN_SHARES = "262144", "1024", 2
# The variables of the shell that are for this machine alone.
CHOSEN = (MEMORY, CPU_SHARES, OVERRIDE, NETWORK)
# As `docker run --memory` takes it.
_MEMORY = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)([kmgt]?)i?b?", re.IGNORECASE)
# No stage starts with less, and no machine has more: the engine would count past its whole numbers.
MIN_LIMIT, MAX_LIMIT = 256 * MIB, 2**50


def environment(
    environ: Mapping[str, str] = os.environ, env_file: Path = ENV_FILE
) -> dict[str, str]:
    """Return `environ` with the settings of .env below it, as `docker compose` has them.

    Raises SettingsError for one whose value can't be read as compose reads it.
    """
    return {**_settings(env_file, environ), **environ}


def with_place(
    error: SettingsError, environ: Mapping[str, str] = os.environ, env_file: Path = ENV_FILE
) -> SettingsError:
    """Return an error about a setting, which says so if .env has the setting, and no variable."""
    words = str(error).split(" ", 1)[0]
    theirs = [name for name in _settings(env_file, environ) if name not in environ]
    named = any(words in (name, name.removeprefix(PREFIX).lower()) for name in theirs)
    return SettingsError(f"{error}; it is in {env_file}") if named else error


def _settings(env_file: Path, environ: Mapping[str, str]) -> dict[str, str]:
    text = _text(env_file)
    if text.startswith(UTF_16):
        raise SettingsError(f"{env_file} is UTF-16, which compose can't read; save it as UTF-8")
    ours = (it for it in statements(text.removeprefix(BOM)) if _is_read(it.name))
    return {it.name: _value(it) for it in ours if it.value is not None or it.name not in environ}


def _is_read(name: str) -> bool:
    # Something like these, too: what is misspelt is refused, and not ignored.
    return is_like_ours(name) or bool(similar_to(name, GIVEN_PATHS))


def _text(env_file: Path) -> str:
    """Return what is in .env, "" if there is none; SettingsError if it is no plain, small file."""
    if not os.path.lexists(env_file):
        return ""
    if not env_file.is_file():
        raise SettingsError(f"{env_file} is no file, or leads to none; remove it")
    try:
        content = read_given(env_file, MAX_BYTES)
    except PermissionError as error:
        raise SettingsError(
            f"{env_file} can't be read by user {this_user()} ({error.strerror}); change its owner "
            "or mode, or remove it"
        ) from None
    if len(content) > MAX_BYTES:
        raise SettingsError(f"{env_file} is larger than {MAX_BYTES // KIB} KiB; shorten it")
    return content.decode(errors="surrogateescape")


def _value(said: Statement) -> str:
    """Return the value of a setting; SettingsError if there is none, or compose's is another."""
    where = f"{printable(said.name, MAX_SHOWN)} in line {said.line} of .env"
    if said.value is None:
        raise SettingsError(f"{where} has no value; write {PREFIX}NAME=value, or remove it")
    if said.is_template and "$" in said.value:
        raise SettingsError(
            f"{where} has a $, by which compose refers to another variable; write that one's value "
            "there, and a $ that is meant in single quotes"
        )
    if "\0" in said.value:  # which no program can be given
        raise SettingsError(f"{where} has a null character; write it again")
    return said.value


def compose_variables(
    owner: User, engine: EngineInfo, environ: Mapping[str, str] = os.environ, root: Path = ROOT
) -> dict[str, str]:
    """Return what compose.yaml reads beside the settings; `owner` is whose the artifacts are.

    Raises SettingsError for a variable of the shell that can't be what it says, or is misspelt.
    """
    refuse_misspelt(environ, CHOSEN)
    _refuse_addresses(environ)
    parent = engine.root_cgroup
    return {
        **user_in_container(owner, engine).variables(),
        PROJECT: project_name(root),
        MEMORY: _memory(environ) or memory_limit(engine.memory),
        CGROUP_PARENT: parent,
        CPU_SHARES: _shares(environ) or (ALL_SHARES if parent else USUAL_SHARES),
        CERTIFICATES: str(network.ca_bundle(environ) or ""),
    }


def _refuse_addresses(environ: Mapping[str, str]) -> None:
    """Raise SettingsError for an address in place of a name: compose would show its password."""
    for name in (OVERRIDE, NETWORK):
        if reason := why_no_path(text := environ.get(name, "")):
            raise SettingsError(f"{name} can't be {quoted(text)} ({reason}); unset it")


def _memory(environ: Mapping[str, str]) -> str:
    text = environ.get(MEMORY, "").strip()
    if text and not MIN_LIMIT <= _bytes_of(text) <= MAX_LIMIT:
        allowed = f"a size from {MIN_LIMIT // MIB}m to {MAX_LIMIT // GIB}g, such as 14336m or 8g"
        raise SettingsError(f"{MEMORY} can't be {quoted(text)}; give {allowed}")
    return text


def asked_memory(environ: Mapping[str, str]) -> int | None:
    """Return the bytes that STAGES_MEMORY lets a container take, None if it is not given.

    Raises SettingsError if it can't be used.
    """
    text = _memory(environ)
    return int(_bytes_of(text)) if text else None


def _bytes_of(size: str) -> float:
    """Return the bytes of a size as `docker run --memory` takes it, 0 for a text that is none."""
    found = _MEMORY.fullmatch(size)
    return float(found[1]) * 1024 ** " kmgt".index(found[2].lower() or " ") if found else 0


def _shares(environ: Mapping[str, str]) -> str:
    text = environ.get(CPU_SHARES, "").strip()
    known = text.isascii() and text.isdecimal() and len(text) <= len(ALL_SHARES)
    if text and not (known and MIN_SHARES <= int(text) <= int(ALL_SHARES)):
        allowed = f"a whole number from {MIN_SHARES} to {ALL_SHARES} ({USUAL_SHARES}: evenly)"
        raise SettingsError(f"{CPU_SHARES} can't be {quoted(text)}; give {allowed}")
    return str(int(text)) if text else ""


def project_name(root: Path = ROOT) -> str:
    """Return compose's name for the runs of this checkout: another checkout has another."""
    return f"vgg19-{hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:8]}"


def memory_limit(memory: int) -> str:
    """Return what one container may take of a machine with `memory` bytes, in compose's form."""
    reserve = max(MIN_RESERVE, int(memory * RESERVE))
    return f"{max(memory - reserve, memory // 2) // MIB}m"


def write(variables: Mapping[str, str], env_file: Path = ENV_FILE) -> None:
    """Write the variables to .env and keep the rest of it; whoever reads it finds it whole.

    Raises SettingsError if compose could not read it.
    """
    before = _text(env_file)
    ours = [f"{name}={written(value)}" for name, value in variables.items()]
    text = "".join(f"{line}\n" for line in [*_others(before, variables), *ours])
    if text != before:
        path = env_file.resolve()
        mode = path.stat().st_mode & 0o777 if path.is_file() else usual_mode()
        write_at_once(path, text.encode(errors="surrogateescape"), mode)


def _others(text: str, names: Collection[str]) -> list[str]:
    """Return the lines but those of statements with these names, unless others share them."""
    # At these alone does compose end a line; a path may have what else Unicode ends lines by.
    lines = text.removesuffix("\n").split("\n") if text else []
    said = [*statements(text.removeprefix(BOM))]
    shared = {line for it in said if it.name not in names for line in _lines_of(it)}
    alone = (it for it in said if it.name in names and shared.isdisjoint(_lines_of(it)))
    dropped = {line for it in alone for line in _lines_of(it)}
    return [line for number, line in enumerate(lines, start=1) if number not in dropped]


def _lines_of(said: Statement) -> range:
    return range(said.line, said.last_line + 1)
