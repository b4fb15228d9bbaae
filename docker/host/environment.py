"""The variables that the programs we start get: the user's, without those that change what they do.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from docker.paths import OWN_BUILDX

# Python's own variables that change neither what is run nor what comes out. Others swap
# the standard library, drop docstrings and assertions, or turn warnings into errors.
PYTHON_KEPT = {"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED"}
# pip's variables that say where packages come from and how to get there: what is installed is
# fixed by hashes. Others say where to (PIP_TARGET), which (PIP_CONSTRAINT) or not to (PIP_DRY_RUN).
PIP_KEPT = {
    "PIP_CACHE_DIR",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_CONFIG_FILE",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "PIP_KEYRING_PROVIDER",
    "PIP_NO_CACHE_DIR",
    "PIP_NO_INDEX",
    "PIP_PROXY",
    "PIP_RETRIES",
    "PIP_TIMEOUT",
    "PIP_TRUSTED_HOST",
}
# buildx's variable that says where it keeps its own files.
BUILDX_FOLDER = "BUILDX_CONFIG"
BUILDX_KEPT = {BUILDX_FOLDER}
DROPPED = {
    # An activated environment: not the one that we start programs of.
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "__PYVENV_LAUNCHER__",
    # Code that would be put into every program, also into those that are measured.
    "LD_AUDIT",
    "LD_PRELOAD",
    # What shells and their tools would read: the base image must not depend on them.
    "BASH_ENV",
    "CDPATH",
    "ENV",
    "GREP_OPTIONS",
    "GZIP",
    "POSIXLY_CORRECT",
    "TAR_OPTIONS",
    "XZ_DEFAULTS",
    "XZ_OPT",
    # Set in git's hooks, for that repository. Those for settings (GIT_CONFIG_COUNT) name none.
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
}
ENGINE_DROPPED = {
    "DOCKER_BUILDKIT",
    "DOCKER_CONTENT_TRUST",
    "DOCKER_CONTENT_TRUST_SERVER",
    "DOCKER_DEFAULT_PLATFORM",
    "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY",
    "SOURCE_DATE_EPOCH",
}
DEFAULT_CONTEXT = "default"
OF_APPTAINER = (
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_RUNTIME_DIR"),
    *("APPTAINER_TMPDIR", "APPTAINER_CONFIGDIR", "SINGULARITY_TMPDIR", "SINGULARITY_CONFIGDIR"),
)


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for a program that we start: Python, pip, git, a tool, a stage.

    Proxies, certificates, package indexes, locale and search paths stay as the user has them.
    """
    kept = {name: value for name, value in environ.items() if not _is_dropped(name)}
    kept["PATH"] = kept.get("PATH") or os.defpath
    if "TMPDIR" in kept and not _is_writable_folder(kept["TMPDIR"]):
        del kept["TMPDIR"]  # as Python itself does, others would fail
    # The encoding of files and output must not depend on which locales are installed.
    return kept | {"PYTHONUTF8": "1"}


def apptainer_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables for Apptainer, none of which reaches a container or changes its options.

    Where it keeps what is temporary, and its own settings, stays as the user has it.
    """
    return {name: environ[name] for name in OF_APPTAINER if name in environ}


def is_of_invoke() -> bool:
    """Return whether invoke runs in this process, by its own name or as a module."""
    return bool(getattr(getattr(sys.modules.get("invoke.main"), "program", None), "argv", []))


def restart_without_pythons_own() -> None:
    """Run this process's command again without the variables that change what Python runs.

    Only if it is invoke's, which has read them already. Whoever else imports the tasks goes on.
    """
    heeded = [name for name in os.environ if name.startswith("PYTHON") and _is_dropped(name)]
    if not heeded or sys.flags.ignore_environment or not is_of_invoke():
        return
    for stream in (sys.stdout, sys.stderr):
        if stream:
            stream.flush()
    kept = {name: value for name, value in os.environ.items() if name not in heeded}
    python = sys.executable or str(Path("/proc/self/exe").readlink())
    os.execve(python, [python, *_options_instead(), *sys.orig_argv[1:]], kept)


def _options_instead() -> list[str]:
    """Return the options for what the variables that are kept say; with -E none is read.

    A module that Python always imports may set some: without -E, this would go on for ever.
    """
    cache = [f"-Xpycache_prefix={sys.pycache_prefix}"] if sys.pycache_prefix else []
    unbuffered = ["-u"] if os.environ.get("PYTHONUNBUFFERED") else []
    return ["-E", *(["-B"] if sys.flags.dont_write_bytecode else []), *unbuffered, *cache]


def engine_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for the engine's client, with which it does what our commands say.

    Which engine is asked (DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG) stays as the user has it.
    Images are built by the engine itself, as another builder has no access to its images.
    """
    kept = {
        name: value
        for name, value in child_environment(environ).items()
        if name not in ENGINE_DROPPED and not _is_of_a_plugin(name)
    }
    if BUILDX_FOLDER not in kept and not _keeps(client_folder(environ)):
        kept[BUILDX_FOLDER] = str(OWN_BUILDX)
    return kept | {"DOCKER_BUILDKIT": "1", "BUILDX_BUILDER": context_of(environ)}


def client_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder with the settings of the engine's client."""
    return Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME", "/"), ".docker"))


def _keeps(folder: Path) -> bool:
    """Return whether the engine's client may make a folder in its own: in no read-only home."""
    return os.access(folder if folder.is_dir() else folder.parent, os.W_OK | os.X_OK)


def context_of(environ: Mapping[str, str]) -> str:
    """Return the name of the engine's context that the client uses with these variables."""
    if environ.get("DOCKER_HOST"):
        return DEFAULT_CONTEXT
    return environ.get("DOCKER_CONTEXT") or _configured_context(environ) or DEFAULT_CONTEXT


def _configured_context(environ: Mapping[str, str]) -> str:
    """Return the context that `docker context use` has chosen, empty if none."""
    try:
        configuration = json.loads((client_folder(environ) / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    context = configuration.get("currentContext") if isinstance(configuration, dict) else ""
    return context if isinstance(context, str) else ""


def _is_dropped(name: str) -> bool:
    kept_of = {"PYTHON": PYTHON_KEPT, "PIP_": PIP_KEPT, "INVOKE_": set[str]()}
    others = (name not in kept for prefix, kept in kept_of.items() if name.startswith(prefix))
    return name in DROPPED or any(others)


def _is_of_a_plugin(name: str) -> bool:
    prefixes = ("COMPOSE_", "BUILDKIT_", "BUILDX_")
    return name.startswith(prefixes) and name not in BUILDX_KEPT


def _is_writable_folder(path: str) -> bool:
    return path != "" and Path(path).is_dir() and os.access(path, os.W_OK | os.X_OK)
