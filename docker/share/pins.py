"""Files by which pip, or conda, makes an environment of the stages without this project's help.

They have the packages of the locks that the images and the local runner are installed from.
"""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from docker.build.requirements import STAGES_PYTHON, all_layers, path_of
from docker.share.output import agree_to_replace, begins, require_writable, write_together
from docker.standing import from_here
from stages.errors import SettingsError
from stages.program.printable import printable
from stages.runtimes import Runtime, get_runtime
from stages.setting.suggestion import quoted

PROGRAM = "env"
REQUIREMENTS, CONDA_ENDINGS = ".txt", (".yml", ".yaml")
# How each of them begins: another program's file of its name is not replaced.
BEGINNING = "# Made by `invoke env`"
OPTION = re.compile(r"^--.*$", re.MULTILINE)
PACKAGE = re.compile(r"^([A-Za-z0-9][^=\s]*)==.*(?:\n +--hash=.*)*", re.MULTILINE)
OF_PIP = """\
{beginning}, from the locks {locks}.
# All packages of runtime {runtime}, as in its images, for Python {python} on x86-64.
# In the clone's folder, with this file for FILE:
#
#     python{python} -m venv {name}
#     {name}/bin/pip install --no-deps --requirement docker/requirements/build.txt
#     {name}/bin/pip install --no-deps --no-build-isolation --requirement FILE
#
# The first pip brings what packages without a wheel are built with. --no-deps: some packages
# require others that no stage imports, which docker/requirements/absent.txt lists.
"""
OF_CONDA = """\
{beginning}, from the locks of runtime {runtime}.
# With this file for FILE, and that of the requirements beside it:
#
#     PIP_NO_DEPS=1 conda env create --file FILE
#
# Not tried: no conda has solved it so far. pip's packages are locked, by their hashes; which
# Python {python}, pip and numactl come with them is up to conda-forge. PIP_NO_DEPS: some packages
# require others that no stage imports, which docker/requirements/absent.txt lists.
name: {name}
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python={python}
  - pip
  - numactl
  - pip:
      - {requirement}
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is given on the command line: a file's name, True for the usual one, empty if not."""

    pip: str | bool = ""
    conda: str | bool = ""

    @property
    def flag(self) -> str:
        """The flag that was given; SettingsError unless it is one of both."""
        if bool(self.pip) == bool(self.conda):
            raise SettingsError(
                "env writes for pip or for conda; give one of --pip and --conda (which writes "
                "pip's file, too)"
            )
        return "--pip" if self.pip else "--conda"

    def path(self, runtime: Runtime) -> Path:
        """Return the file to write; SettingsError if conda would not take it by its name."""
        given = self.pip or self.conda
        ending = REQUIREMENTS if self.pip else CONDA_ENDINGS[0]
        path = from_here(given if isinstance(given, str) else f"{name_of(runtime)}{ending}")
        if self.conda and path.suffix not in CONDA_ENDINGS:
            allowed = " or ".join(CONDA_ENDINGS)
            raise SettingsError(
                f"conda can't be {quoted(path.name)}; give a name that ends in {allowed}"
            )
        return path


def write_pins(asked: Asked, name: str, artifacts: Path) -> Iterator[str]:
    """Write what is asked for of the runtime called `name`; yield what is to be said of it.

    No file is among `artifacts`. Raises SettingsError, and NotWritableError for a file that is
    another program's, or that a person wants to keep.
    """
    runtime, flag = get_runtime(name), asked.flag
    path = asked.path(runtime)
    texts = {path.with_suffix(REQUIREMENTS) if asked.conda else path: requirements_text(runtime)}
    if asked.conda:
        texts[path] = conda_text(runtime, path.with_suffix(REQUIREMENTS).name)
    for file in texts:
        require_writable(file, artifacts)
    ours = partial(begins, BEGINNING)
    said = [line for file in texts for line in agree_to_replace(file, ours, flag)]
    write_together(path.parent, {file.name: text for file, text in texts.items()})
    yield from said
    for file in texts:
        yield f"wrote {printable(str(file))}, whose first lines say how to use it"


def name_of(runtime: Runtime) -> str:
    """Return what an environment of a runtime is called, and the files for it."""
    return f"vgg19-{runtime.environment}"


def requirements_text(runtime: Runtime) -> str:
    """Return a file of requirements for pip: all that an environment may hold, with hashes.

    If several locks have a package, the last one counts, as the local runner installs them in
    this order.
    """
    layers = all_layers(runtime)
    locks = [path_of(layer).read_text(encoding="utf-8") for layer in layers]
    options = dict.fromkeys(option for lock in locks for option in OPTION.findall(lock))
    packages = {pin[1]: pin[0] for lock in locks for pin in PACKAGE.finditer(lock)}
    head = OF_PIP.format(**_facts(runtime), locks=" ".join(layers))
    lines = [*options, *(packages[package] for package in sorted(packages))]
    return head + "".join(f"{line}\n" for line in lines)


def conda_text(runtime: Runtime, requirements: str) -> str:
    """Return an environment.yml, beside which stands a file of requirements of this name."""
    # A name may have any character: conda reads YAML, and pip words as a shell has them.
    requirement = json.dumps(f"--requirement {shlex.quote(requirements)}")
    return OF_CONDA.format(**_facts(runtime), requirement=requirement)


def _facts(runtime: Runtime) -> dict[str, str]:
    return {
        "beginning": BEGINNING,
        "runtime": runtime.name,
        "name": name_of(runtime),
        "python": STAGES_PYTHON,
    }
