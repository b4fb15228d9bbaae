"""Lock all requirements with their hashes: resolved once per runtime, split by image layer."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from docker.build.graph import NOTEBOOK
from docker.host.environment import child_environment
from docker.paths import REQUIREMENTS
from stages.runtimes import PEERS_RUNTIME, RUNTIME_NAMES, RUNTIMES, Runtime
from stages.folder.full_disk import temporary_directory

ABSENT = REQUIREMENTS / "absent.txt"
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
# The layers of packages on top of others, with those below: a package is in one of them only.
LAYERS_BELOW: dict[str, tuple[str, ...]] = {
    "tensorflow": ("common",),
    "train": ("common", "tensorflow"),
    "quantize": ("common", "tensorflow"),
    "profile": ("common", "tensorflow"),
    "compare": ("common",),
    "peers": ("stock",),
    NOTEBOOK: ("common", "tensorflow"),
}
# What an environment holds on top of the packages of its runtime.
EXTRA_LAYERS = {PEERS_RUNTIME: ("peers",)}
# The one whose stages the notebook runs, all in one environment.
NOTEBOOK_RUNTIME = RUNTIME_NAMES[0]
# What builds the emulator of AMX, what `invoke publish` writes by, and what it takes to change this
# project; they reach no image.
EMULATOR, PUBLISH, DEVELOP = "emulator", "publish", "develop"
PLATFORM = ("--python-platform", "x86_64-manylinux_2_28")
STAGES_PYTHON = "3.11"
PYTHON_OF_IMAGES = ("--python-version", STAGES_PYTHON, *PLATFORM)
PYTHON_OF_HOSTS = ("--python-version", "3.10", "--universal")
# promise has no wheel: its one module is built from the locked source.
HEADER = "# Made by `invoke lock` from {name}.in.\n--require-hashes\n--only-binary :all:\n{sources}"
SOURCES = "--no-binary promise\n"


def all_layers(runtime: Runtime) -> tuple[str, ...]:
    """Return the locks of all that an environment may hold, in the order of their installation."""
    return (*runtime.requirements, *EXTRA_LAYERS.get(runtime.name, ()))


def _resolutions() -> dict[str, tuple[str, ...]]:
    """Return, by runtime, the layers that are resolved together, each layer once.

    All of them then have the same version of a package. Runtimes are resolved apart: the numpy and
    protobuf of itex, which ended at TensorFlow 2.15, are too old for the stock runtime.
    """
    resolutions: dict[str, tuple[str, ...]] = {}
    for runtime in RUNTIMES:
        earlier = {layer for layers in resolutions.values() for layer in layers}
        layers = all_layers(runtime)
        resolutions[runtime.name] = tuple(layer for layer in layers if layer not in earlier)
    return resolutions


RESOLUTIONS = _resolutions()


def lock_requirements(runtimes: Sequence[str] = ()) -> None:
    """Write the *.txt files of these runtimes from their *.in files; by default, all others, too."""
    for runtime in runtimes or RESOLUTIONS:
        _resolve(RESOLUTIONS[runtime])
    if NOTEBOOK_RUNTIME in (runtimes or RESOLUTIONS):
        _lock_notebook()
    if not runtimes:
        _write(EMULATOR, [EMULATOR], *PYTHON_OF_IMAGES, "--generate-hashes")
        _lock_host()


def _lock_host() -> None:
    """Write the locks of what runs on hosts: invoke's, publish's, and what is needed to change it.

    All of them have the same version of a package.
    """
    _write("host", ["host"], *PYTHON_OF_HOSTS, "--generate-hashes")
    host = f"--constraint={path_of('host')}"
    _write(PUBLISH, [PUBLISH], *PYTHON_OF_HOSTS, "--generate-hashes", host)
    left_out = [f"--no-emit-package={package}" for package in locked_packages("host")]
    options = ("--generate-hashes", host, f"--constraint={path_of(PUBLISH)}", *left_out)
    _write(DEVELOP, ["host", DEVELOP], *PYTHON_OF_HOSTS, *options)


def _lock_notebook() -> None:
    """Write the notebook's lock: the stages' own versions, and a Jupyter that does with them."""
    stages = [f"--constraint={path_of(layer)}" for layer in RESOLUTIONS[NOTEBOOK_RUNTIME]]
    _write_layer(NOTEBOOK, stages)


def _resolve(layers: Sequence[str]) -> None:
    with temporary_directory("lock-") as folder:
        whole = Path(folder, "whole.txt")
        _compile(layers, whole, *PYTHON_OF_IMAGES)
        for layer in layers:
            _write_layer(layer, [f"--constraint={whole}"])


def _write_layer(layer: str, constraints: Sequence[str]) -> None:
    """Write the lock of a layer, without the packages of those below it."""
    lower = LAYERS_BELOW.get(layer, ())
    packages = [package for name in lower for package in locked_packages(name)]
    left_out = [f"--no-emit-package={package}" for package in packages]
    options = ("--generate-hashes", *constraints, *left_out)
    _write(layer, [*lower, layer], *PYTHON_OF_IMAGES, *options)


def write_host_lock(python_version: str, output: Path) -> None:
    """Write the part of the host's lock that applies to a version of Python.

    pip can't select it: it evaluates markers for the version that it runs on.
    """
    shape = ("--quiet", "--no-deps", "--no-header", "--no-annotate", "--no-emit-index-url")
    options = ("--generate-hashes", f"--python-version={python_version}", *PLATFORM)
    command = [sys.executable, "-m", "uv", "pip", "compile", *shape, *options]
    command += [str(path_of("host")), f"--output-file={output}"]
    subprocess.run(command, env=child_environment(os.environ), check=True, stdin=subprocess.DEVNULL)


def locked_packages(name: str) -> list[str]:
    """Return the names of the packages in a lock file."""
    return [package for package, _ in locked_versions(name)]


def locked_versions(name: str) -> list[tuple[str, str]]:
    """Return the packages in a lock file, each with its version; one may have several."""
    return PIN.findall(path_of(name).read_text())


def path_of(name: str) -> Path:
    """Return the path of a lock file."""
    return REQUIREMENTS / f"{name}.txt"


def _write(name: str, inputs: Sequence[str], *options: str) -> None:
    _compile(inputs, path_of(name), *options)
    text = path_of(name).read_text(encoding="utf-8")
    header = HEADER.format(name=name, sources=SOURCES if "\npromise==" in text else "")
    path_of(name).write_text(header + text, encoding="utf-8")


def _compile(inputs: Sequence[str], output: Path, *options: str) -> None:
    files = [str(REQUIREMENTS / f"{name}.in") for name in inputs]
    shape = ("--no-header", "--no-annotate", "--no-emit-index-url")
    # What writes Parquet, and what tests it, need pyarrow.
    absent = () if {PUBLISH, DEVELOP} & {*inputs} else (f"--override={ABSENT}",)
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", *shape, *absent, *options]
    output.unlink(missing_ok=True)  # uv would keep the versions of a file that is there
    command += [*files, f"--output-file={output}"]
    subprocess.run(command, env=child_environment(os.environ), check=True, stdin=subprocess.DEVNULL)
