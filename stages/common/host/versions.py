"""Versions of Python and of packages: of this process, or of another interpreter."""

import json
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib import metadata

# Those that run models.
PACKAGES = (
    "tensorflow-cpu",
    "tensorflow",
    "intel-extension-for-tensorflow",
    "mlcommons-loadgen",
    "openvino",
    "onnxruntime",
    "numpy",
)
# Seconds; it imports nothing large.
ANSWER_S = 30.0


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Return the versions of Python and of those packages that are installed, by name."""
    installed = {"python": platform.python_version()}
    for package in packages:
        with suppress(metadata.PackageNotFoundError):
            installed[package] = metadata.version(package)
    return installed


def versions_in_each(pythons: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return what `versions` returns in each interpreter; nothing of one that gives no answer."""
    return {name: _versions_in(python) for name, python in pythons.items()}


def _versions_in(python: str) -> dict[str, str]:
    if python == sys.executable:
        return versions()
    command = [python, "-m", __name__]
    with suppress(OSError, TypeError, ValueError, subprocess.SubprocessError):
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=ANSWER_S
        )
        pairs = dict(json.loads(answer.stdout)).items()
        return {str(name): str(version) for name, version in pairs}
    return {}


if __name__ == "__main__":
    print(json.dumps(versions()))
