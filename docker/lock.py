"""Locks every requirement with its hashes: one resolution, split by image layer."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements"
ABSENT = REQUIREMENTS / "absent.txt"
# Each layer of packages with the layers below it, whose packages it doesn't repeat.
LAYERS: dict[str, tuple[str, ...]] = {
    "common": (),
    "tensorflow": ("common",),
    "train": ("common", "tensorflow"),
    "quantize": ("common", "tensorflow"),
    "compare": ("common",),
}
PYTHON_OF_IMAGES = ("--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_28")
PYTHON_OF_HOSTS = ("--python-version", "3.10", "--universal")
# promise has no wheel: its one module is built from the locked source.
HEADER = "# Made by `invoke lock` from {name}.in.\n--require-hashes\n--only-binary :all:\n{sources}"
SOURCES = "--no-binary promise\n"


def lock() -> None:
    """Write every *.txt from the *.in files."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "whole.txt")
        _compile([*LAYERS, "build"], whole, *PYTHON_OF_IMAGES)
        for layer, below in LAYERS.items():
            left_out = [f"--no-emit-package={name}" for each in below for name in locked(each)]
            options = ("--generate-hashes", f"--constraint={whole}", *left_out)
            _write(layer, [*below, layer], *PYTHON_OF_IMAGES, *options)
        build_options = ("--generate-hashes", f"--constraint={whole}", "--allow-unsafe")
        _write("build", ["build"], *PYTHON_OF_IMAGES, *build_options)
    _write("host", ["host"], *PYTHON_OF_HOSTS, "--generate-hashes")


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
