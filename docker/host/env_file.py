"""The file .env beside compose.yaml: settings that a user keeps there, and what invoke adds.

`docker compose` reads it by itself. invoke reads the same settings from it, so that both do the
same job.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from docker.host import network
from docker.host.ownership import give_to_owner_of
from docker.host.user import User
from docker.paths import ENV_FILE, ROOT
from stages.errors import SettingsError

PREFIX = "VGG19_"
LINE = re.compile(rf"\s*(?:export\s+)?({PREFIX}\w*)\s*[=:]\s*(.*)")
QUOTED = re.compile(r"""(?:'([^']*)'|"((?:[^"\\]|\\.)*)")\s*(?:#.*)?""")
COMMENT = re.compile(r"(?<!\s)\s+#.*")
ESCAPED = re.compile(r"\\(.)")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
MIB, GIB = 2**20, 2**30
MAX_BYTES = MIB
# Some editors begin a file by it; compose passes over it.
BOM = "\ufeff"
# How UTF-16 begins, as `_text` decodes it.
UTF_16 = ("\udcff\udcfe", "\udcfe\udcff")
# Left to the machine itself, as a fraction of its memory and at least so much.
RESERVE, MIN_RESERVE = 1 / 16, GIB
MEMORY = "STAGES_MEMORY"
CERTIFICATES = "CA_BUNDLE"


def environment(
    environ: Mapping[str, str] = os.environ, env_file: Path = ENV_FILE
) -> dict[str, str]:
    """Return `environ` with the settings of .env below it, as `docker compose` has them.

    Raises SettingsError for one whose value can't be read as compose reads it.
    """
    return {**_settings(env_file), **environ}


def _settings(env_file: Path) -> dict[str, str]:
    text = _text(env_file)
    if text.startswith(UTF_16):
        raise SettingsError(f"{env_file} is UTF-16, which compose can't read; save it as UTF-8")
    pairs = (LINE.fullmatch(line) for line in text.removeprefix(BOM).split("\n"))
    return {pair[1]: _value(pair[1], pair[2].strip()) for pair in pairs if pair}


def _text(env_file: Path) -> str:
    """Return what is in .env, "" if there is none; SettingsError if it is no plain, small file."""
    if not os.path.lexists(env_file):
        return ""
    if not env_file.is_file():
        raise SettingsError(f"{env_file} is no file, or leads to none; remove it")
    with env_file.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise SettingsError(f"{env_file} is larger than {MAX_BYTES // MIB} MiB; shorten it")
    return content.decode(errors="surrogateescape")


def _value(name: str, text: str) -> str:
    """Return the value of a line, without its quotes and comment."""
    if not text.startswith(("'", '"')):
        return _plain(name, COMMENT.sub("", text))
    quoted = QUOTED.fullmatch(text)
    if not quoted:
        raise SettingsError(f"{name} in .env has no closing quote; write it on one line")
    if quoted[1] is not None:
        return _without_null(name, quoted[1])
    return ESCAPED.sub(lambda char: ESCAPES.get(char[1], char[1]), _plain(name, quoted[2]))


def _plain(name: str, text: str) -> str:
    if "$" in text:
        raise SettingsError(f"{name} in .env refers to another variable; write its value there")
    return _without_null(name, text)


def _without_null(name: str, text: str) -> str:
    if "\0" in text:  # which no program can be given
        raise SettingsError(f"{name} in .env has a null character; write it again")
    return text


def compose_variables(
    user: User, memory: int, environ: Mapping[str, str] = os.environ, root: Path = ROOT
) -> dict[str, str]:
    """Return what compose.yaml reads beside the settings; `memory` is the engine's, in bytes."""
    return {
        **user.variables(),
        "COMPOSE_PROJECT_NAME": project_name(root),
        MEMORY: environ.get(MEMORY) or memory_limit(memory),
        CERTIFICATES: str(network.ca_bundle(environ) or ""),
    }


def project_name(root: Path = ROOT) -> str:
    """Return compose's name for the runs of this checkout: another checkout has another."""
    return f"vgg19-{hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:8]}"


def memory_limit(memory: int) -> str:
    """Return what one container may take of a machine with `memory` bytes, in compose's form."""
    reserve = max(MIN_RESERVE, int(memory * RESERVE))
    return f"{max(memory - reserve, memory // 2) // MIB}m"


def write(variables: Mapping[str, str], env_file: Path = ENV_FILE) -> None:
    """Write the variables to .env and keep the rest of it; whoever reads it finds it whole."""
    before = _text(env_file)
    # At these alone does compose end a line; a path may have what else Unicode ends lines by.
    lines = before.removesuffix("\n").split("\n") if before else []
    kept = [line for line in lines if line.partition("=")[0] not in variables]
    ours = [f"{name}={value}" for name, value in variables.items()]
    text = "".join(f"{line}\n" for line in [*kept, *ours])
    if text != before:
        _replace(env_file.resolve(), text)


def _replace(path: Path, text: str) -> None:
    """Write a file at once, with the owner and mode of the one that it replaces."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8", errors="surrogateescape")
        if path.is_file():
            state = path.stat()
            partial.chmod(state.st_mode & 0o777)
            if os.getuid() == 0:
                os.chown(partial, state.st_uid, state.st_gid)
        else:
            give_to_owner_of(path.parent, partial)
        partial.replace(path)
    except OSError as error:  # which on a full disk names no file
        with suppress(OSError):
            partial.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from None
