"""Locks every requirement with its hashes: a resolution per runtime, split by image layer."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from docker.paths import REQUIREMENTS
from stages.runtimes import PEERS_RUNTIME, RUNTIMES

ABSENT = REQUIREMENTS / "absent.txt"
# The layers of packages that stand on others, whose packages they don't repeat.
LAYERS: dict[str, tuple[str, ...]] = {
    "tensorflow": ("common",),
    "train": ("common", "tensorflow"),
    "quantize": ("common", "tensorflow"),
    "profile": ("common", "tensorflow"),
    "compare": ("common",),
    "peers": ("stock",),
}
# What goes into a runtime's environment on top of its own packages.
ON_TOP = {PEERS_RUNTIME: ("peers",)}
PLATFORM = ("--python-platform", "x86_64-manylinux_2_28")
PYTHON_OF_IMAGES = ("--python-version", "3.11", *PLATFORM)
PYTHON_OF_HOSTS = ("--python-version", "3.10", "--universal")
# promise has no wheel: its one module is built from the locked source.
HEADER = "# Made by `invoke lock` from {name}.in.\n--require-hashes\n--only-binary :all:\n{sources}"
SOURCES = "--no-binary promise\n"


def _resolutions() -> dict[str, tuple[str, ...]]:
    """Return the layers that are resolved together, by runtime, each layer once.

    A package then has one version in all of them. The runtimes are apart: itex ended at TensorFlow
    2.15, whose numpy and protobuf are too old for the stock one.
    """
    found: dict[str, tuple[str, ...]] = {}
    for runtime in RUNTIMES:
        before = {layer for layers in found.values() for layer in layers}
        layers = (*runtime.requirements, *ON_TOP.get(runtime.name, ()))
        found[runtime.name] = tuple(layer for layer in layers if layer not in before)
    return found


RESOLUTIONS = _resolutions()


def lock(names: Sequence[str] = ()) -> None:
    """Write the *.txt of these resolutions, or of all and the host's, from the *.in files."""
    for name in names or RESOLUTIONS:
        _resolve(RESOLUTIONS[name])
    if not names:
        _write("host", ["host"], *PYTHON_OF_HOSTS, "--generate-hashes")


def _resolve(layers: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "whole.txt")
        _compile(layers, whole, *PYTHON_OF_IMAGES)
        for layer in layers:
            below = LAYERS.get(layer, ())
            left_out = [f"--no-emit-package={name}" for each in below for name in locked(each)]
            options = ("--generate-hashes", f"--constraint={whole}", *left_out)
            _write(layer, [*below, layer], *PYTHON_OF_IMAGES, *options)


def for_python(version: str, output: Path) -> None:
    """Write what of the host's lock a version of Python takes; pip knows that of its own alone."""
    shape = ("--quiet", "--no-deps", "--no-header", "--no-annotate", "--no-emit-index-url")
    options = ("--generate-hashes", f"--python-version={version}", *PLATFORM)
    command = [sys.executable, "-m", "uv", "pip", "compile", *shape, *options]
    subprocess.run([*command, str(path_of("host")), f"--output-file={output}"], check=True)


def locked(layer: str) -> list[str]:
    """Return the names of the packages that a layer's lock file lists."""
    return re.findall(r"^([A-Za-z0-9._-]+)==", path_of(layer).read_text(), re.MULTILINE)


def path_of(name: str) -> Path:
    """Return the path of a lock file."""
    return REQUIREMENTS / f"{name}.txt"


def _write(name: str, inputs: Sequence[str], *options: str) -> None:
    _compile(inputs, path_of(name), *options)
    text = path_of(name).read_text()
    header = HEADER.format(name=name, sources=SOURCES if "\npromise==" in text else "")
    path_of(name).write_text(header + text)


def _compile(inputs: Sequence[str], output: Path, *options: str) -> None:
    files = [str(REQUIREMENTS / f"{name}.in") for name in inputs]
    shape = ("--no-header", "--no-annotate", "--no-emit-index-url", f"--override={ABSENT}")
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", *shape, *options]
    output.unlink(missing_ok=True)  # uv would keep the versions of a file that is there
    subprocess.run([*command, *files, f"--output-file={output}"], check=True)
