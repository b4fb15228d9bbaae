"""What pip may take from this machine: where packages come from, and nothing else.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import ast
import os
import subprocess
from collections.abc import Mapping

from docker.host.environment import PIP_KEPT, child_environment

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
    """Return, as variables of pip, where `python`'s pip gets packages by its files and `environ`.

    Empty if pip can't read its files, of which it says why.
    """
    command = [python, "-I", "-m", "pip", "--disable-pip-version-check", "config", "list"]
    done = subprocess.run(command, env={**environ}, stdout=subprocess.PIPE, text=True)
    return parse_settings(done.stdout)


def parse_settings(listing: str) -> dict[str, str]:
    """Return the variables that say what `pip config list` has printed, as far as they are kept."""
    by_section: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        section, _, option = key.rpartition(".")
        name = "PIP_" + option.upper().replace("-", "_")
        if section in by_section and name in PIP_KEPT:
            by_section[section][name] = " ".join(str(ast.literal_eval(value)).split())
    return {name: value for section in SECTIONS for name, value in by_section[section].items()}
