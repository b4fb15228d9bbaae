"""Containers of a try, found by the folder that they share with it; no name or label is needed."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


def of_folder(folder: Path, *, ended: bool = True) -> list[str]:
    """Return the names of all containers that mount something in `folder`; without `ended`, of
    those that run.
    """
    inspected = json.loads(_docker("inspect", *numbers) or "[]") if (numbers := _all()) else []
    return [
        container["Name"].lstrip("/")
        for container in inspected
        if (ended or container["State"]["Running"])
        and any(_within(mount.get("Source", ""), folder) for mount in container["Mounts"])
    ]


def kill(name: str) -> None:
    """Kill a container behind the back of what started it."""
    _docker("kill", name)


def remove(names: Sequence[str]) -> None:
    """Remove containers, running or not."""
    for name in names:
        _docker("rm", "--force", "--volumes", name)


def limited(limit_bytes: int, services: Sequence[str], folder: Path) -> dict[str, str]:
    """Return variables with which compose limits the memory of all services."""
    return overridden(f"mem_limit: {limit_bytes}, memswap_limit: {limit_bytes}", services, folder)


def small_tmp(size_bytes: int, services: Sequence[str], folder: Path) -> dict[str, str]:
    """Return variables with which /tmp in all services has room for this many bytes."""
    return overridden(f"tmpfs: !override ['/tmp:size={size_bytes}']", services, folder)


def overridden(text: str, services: Sequence[str], folder: Path) -> dict[str, str]:
    """Return variables with which compose adds `text` to what compose.yaml says of services."""
    path = folder / "override.yaml"
    lines = [f"  {service}: {{ {text} }}\n" for service in services]
    path.write_text("".join(["services:\n", *lines]))
    return {"STAGES_OVERRIDE": str(path)}


def _all() -> list[str]:
    return _docker("ps", "--all", "--quiet", "--no-trunc").split()


def _within(source: str, folder: Path) -> bool:
    return bool(source) and Path(source).is_relative_to(folder)


def _docker(*arguments: str) -> str:
    if not shutil.which("docker"):
        return ""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True).stdout
