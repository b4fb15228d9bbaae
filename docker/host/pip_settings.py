"""What pip may take from this machine: where packages come from, and nothing else.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import ast
import os
import subprocess
from collections.abc import Mapping

from docker.host.environment import PIP_KEPT, child_environment

TIMEOUT_S = 60.0
# In the order of precedence: for all of pip, for `pip install`, and of variables.
SECTIONS = ("global", "install", ":env:")


def pip_environment(python: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with which `python`'s pip installs what a command says, and where.

    Its indexes, proxies and certificates are those of the variables and of pip.conf. What else
    these say, such as a target folder or a dry run, has no effect. It asks nothing.
    """
    environment = child_environment(environ)
    return {
        **environment,
        **pip_settings(python, environment),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
    }


def pip_settings(python: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return, as variables of pip, where `python`'s pip gets packages: files, `environ`."""
    return parse_settings(_listing(python, environ))


def pip_options(python: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the files of `python`'s pip, and `environ`, set for `pip install`, by option."""
    return parse_options(_listing(python, environ))


def parse_settings(listing: str) -> dict[str, str]:
    """Return the variables that say what `pip config list` has printed, as far as they are kept."""
    options = parse_options(listing)
    named = {"PIP_" + name.upper().replace("-", "_"): value for name, value in options.items()}
    return {name: value for name, value in named.items() if name in PIP_KEPT}


def parse_options(listing: str) -> dict[str, str]:
    """Return the options that `pip config list` has printed, a later section's before an earlier's.

    pip takes both `timeout` and `default-timeout`; here it is always the shorter.
    """
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        text = _text_of(value) if section in found else ""
        if text:
            found[section][name.removeprefix("default-")] = text
    return {name: value for section in SECTIONS for name, value in found[section].items()}


def _text_of(value: str) -> str:
    """Return a value of `pip config list` on one line; nothing for what pip would not print."""
    try:
        text = ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ""
    plain = isinstance(text, str) and "\0" not in text
    return " ".join(text.split()) if plain else ""


def _listing(python: str, environ: Mapping[str, str]) -> str:
    """Return what `pip config list` prints; nothing if pip can't read its files, and says why."""
    command = [python, "-I", "-m", "pip", "--disable-pip-version-check", "config", "list"]
    try:
        done = subprocess.run(
            command,
            env={**environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout if done.returncode == 0 else ""
