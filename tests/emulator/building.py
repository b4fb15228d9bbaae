"""Builds the emulator and the C programs that try it; knows why that can't be done here."""

import functools
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "emulator"
PROGRAMS = Path(__file__).parent / "programs"
FEATURES = ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx512_vnni")
AMX_FLAGS = ("-mamx-tile", "-mamx-int8", "-mamx-bf16")
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off")


@functools.cache
def why_not() -> str:
    """Return why the emulator can't be tried on this machine, or nothing."""
    if platform.machine() != "x86_64":
        return "no x86-64"
    if not shutil.which("gcc"):
        return "no gcc"
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("flags")[2].split("\n")[0]
    missing = [name for name in FEATURES if name not in flags.split()]
    if missing:
        return f"this CPU lacks {missing[0]}"
    return "this CPU has AMX itself" if "amx_tile" in flags.split() else ""


def build_library(folder: Path, *options: str, sources: Path = SOURCES) -> Path:
    """Build the library into `folder`, with further options of its build."""
    output = folder / "libamxemu.so"
    compiler = os.environ.get("AMXEMU_CC", "gcc")
    command = [sys.executable, str(sources / "build.py"), str(output), f"--cc={compiler}"]
    subprocess.run([*command, *options], check=True)
    return output


def build_program(folder: Path, name: str, *options: str) -> Path:
    """Compile one of the programs into `folder`."""
    target = folder / name
    source = PROGRAMS / f"{name}.c"
    command = ["gcc", *FLAGS, *AMX_FLAGS, "-o", str(target), str(source), *options]
    subprocess.run([*command, "-lpthread", "-lm", "-ldl"], check=True)
    return target


def run(
    library: Path | None, *command: str | Path, **settings: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command with the library preloaded and these variables in an environment of its own."""
    environment = {"PATH": os.environ["PATH"], **settings}
    if library:
        environment["LD_PRELOAD"] = str(library)
    return subprocess.run(
        [str(part) for part in command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
