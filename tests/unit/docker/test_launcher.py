"""The command `invoke` of an activated environment, whatever the caller's variables say."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from shlex import quote

import invoke as invoke_module
import pytest

from docker.host import launcher
from docker.paths import ROOT
from stages import __version__
from stages.errors import DiskFullError, ModelError, SettingsError
from tests.commands import invoke, run, run_in

FOREIGN = ["invoke", "stages", "docker", "msgspec", "json", "sitecustomize"]
HARMFUL = [
    {"PYTHONOPTIMIZE": "2"},
    {"PYTHONWARNINGS": "error"},
    {"PYTHONINSPECT": "1"},
    {"PYTHONSAFEPATH": "1"},
    {"PYTHONSTARTUP": "/nonexistent"},
]


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A virtual environment's folder, with what the launcher needs, and pip's `invoke`."""
    folder = tmp_path / "it's a $(false) folder"
    (folder / "bin").mkdir(parents=True)
    python = f'exec {quote(sys.executable)} "$@"'
    for name, text in {"python": python, "invoke": "echo of pip"}.items():
        path = folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    return folder


def with_foreign(folder: Path, module: str) -> dict[str, str]:
    """Return variables by which a module of another's is found before ours."""
    place = folder / "foreign"
    place.mkdir()
    (place / f"{module}.py").write_text("raise SystemExit('another')")
    return {"PYTHONPATH": os.pathsep.join((str(place), str(ROOT)))}


@pytest.mark.parametrize("name", launcher.NAMES)
def test_it_runs_the_tasks_by_both_names(name: str, environment: Path) -> None:
    launcher.write(environment)
    done = run(str(environment / "bin" / name), "version")
    assert (done.code, done.output) == (0, f"{__version__}\n")


def test_a_python_that_this_user_may_not_start_is_named_in_one_line(environment: Path) -> None:
    launcher.write(environment)
    python = environment / "bin" / "python"
    python.chmod(0o600)
    done = run(str(environment / "bin" / "invoke"), "version")
    line = f"invoke: error: {python} can't be started by this user; ./bootstrap.py in {ROOT} says"
    assert (done.code, done.output) == (126, f"{line} why\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--list-depth", "x", "--list"], "invoke: error: 'x' is no whole number; "),
        (["--list-depth"], "invoke: error: --list-depth has no value; "),
        (["-T", "1x", "version"], "invoke: error: '1x' is no whole number; "),
    ],
)
def test_a_slip_in_a_flag_of_invoke_itself_is_one_line(
    arguments: list[str], line: str, environment: Path
) -> None:
    launcher.write(environment)
    done = run(str(environment / "bin" / "invoke"), *arguments)
    assert (done.code, done.output.count("\n")) == (SettingsError.exit_code, 1), done
    assert done.output.startswith(line)


@pytest.mark.parametrize("module", FOREIGN)
def test_no_module_of_anothers_takes_the_place_of_ours(module: str, environment: Path) -> None:
    launcher.write(environment)
    variables = with_foreign(environment, module)
    done = run(str(environment / "bin" / "invoke"), "version", variables=variables)
    assert (done.code, done.output) == (0, f"{__version__}\n")


@pytest.mark.parametrize("variables", [*HARMFUL, {"PYTHONHOME": "/nonexistent"}])
def test_no_variable_of_python_changes_what_it_does(
    variables: dict[str, str], environment: Path
) -> None:
    launcher.write(environment)
    done = run(str(environment / "bin" / "invoke"), "--help", "train", variables=variables)
    assert done.code == 0
    assert "Stage 1 of 4." in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("module", ["stages", "docker", "msgspec"])
def test_nor_if_invoke_is_run_as_a_module(module: str, tmp_path: Path) -> None:
    done = invoke("version", variables=with_foreign(tmp_path, module))
    assert (done.code, done.output) == (0, f"{__version__}\n")


@pytest.mark.parametrize("variables", HARMFUL)
def test_nor_does_a_variable_change_it_then(variables: dict[str, str]) -> None:
    done = invoke("--help", "train", variables=variables)
    assert done.code == 0
    assert "Stage 1 of 4." in done.output
    assert "Traceback" not in done.output


def test_who_only_imports_the_tasks_is_not_started_again() -> None:
    code = "import sys, invoke.main, tasks; print(sys.flags.ignore_environment)"
    done = run(sys.executable, "-c", code, variables={"PYTHONSTARTUP": "/nonexistent"})
    assert (done.code, done.output) == (0, "0\n"), done


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_full_output_is_named_for_what_invoke_itself_prints(
    argument: str, environment: Path
) -> None:
    launcher.write(environment)
    with Path("/dev/full").open("w") as full:
        command = [str(environment / "bin" / "invoke"), argument]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    line = "invoke: error: no space left at standard output; free some, or send it elsewhere\n"
    assert (done.returncode, done.stderr) == (DiskFullError.exit_code, line)


def test_it_is_written_once(environment: Path) -> None:
    launcher.write(environment)
    before = {path: path.stat().st_ino for path in (environment / "bin").iterdir()}
    launcher.write(environment)
    assert {path: path.stat().st_ino for path in (environment / "bin").iterdir()} == before


def test_what_may_not_be_written_stays(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    launcher.write(environment)
    assert run(str(environment / "bin" / "invoke")).output == "of pip\n"


def test_a_variable_that_python_sets_at_each_start_does_not_restart_it_for_ever(
    tmp_path: Path,
) -> None:
    venv.create(tmp_path / "venv")
    (packages,) = tmp_path.glob("venv/lib/python3*/site-packages")
    (packages / "ours.pth").write_text(f"{Path(invoke_module.__file__).parents[1]}\n")
    (packages / "sitecustomize.py").write_text("import os; os.environ['PYTHONWARNINGS'] = 'once'")
    command = [str(tmp_path / "venv" / "bin" / "python"), "-m", "invoke", "version"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert (done.returncode, done.stdout) == (0, f"{__version__}\n")


def test_it_leaves_no_bytecode_in_the_checkout(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = tmp_path / "tree"
    for name in ("docker", "stages"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(launcher, "ROOT", tree)
    launcher.write(environment)
    assert run(str(environment / "bin" / "invoke"), "--version", cwd=tree).code == 0
    assert not [*tree.rglob("__pycache__")]


@pytest.mark.parametrize("text", ["run: [", "run: 3", "3", "\a"])
@pytest.mark.parametrize("is_named", [True, False])
def test_a_file_of_invokes_own_that_it_fails_on_is_refused_in_a_line(
    text: str, is_named: bool, environment: Path, tmp_path: Path
) -> None:
    launcher.write(environment)
    file = tmp_path / ".invoke.yaml"
    file.write_text(text)
    command = [*(["--config", str(file)] if is_named else []), "version"]
    home = {} if is_named else {"HOME": str(tmp_path)}
    done = run(str(environment / "bin" / "invoke"), *command, variables=home)
    assert done.code == SettingsError.exit_code
    assert len(done.error_lines) == 1
    assert "invoke's own settings can't be read (" in done.error_lines[0]


@pytest.mark.parametrize(
    ("words", "named", "ending"),
    [
        (["version"], "tasks.py", "again"),
        (["--collection=other", "version"], "other.py", "without --collection or --search-root"),
        (["--search-root=/", "--list"], "tasks.py", "without --collection or --search-root"),
    ],
)
def test_elsewhere_it_says_where_to_be_with_the_code_that_the_docs_say(
    words: list[str], named: str, ending: str, environment: Path, tmp_path: Path
) -> None:
    launcher.write(environment)
    done = run(str(environment / "bin" / "invoke"), *words, cwd=tmp_path)
    assert done.code == SettingsError.exit_code
    assert f"there is no {named} in {'/' if '/' in words[0] else tmp_path}" in done.error_lines[0]
    assert f" or above it; change to the clone's folder, {ROOT}, and run this" in done.output
    assert done.output.endswith(f"{ending}\n")


INTERRUPTED = """
import signal
signal.raise_signal(signal.SIGINT)
"""


def test_ctrl_c_while_the_tasks_are_loaded_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(INTERRUPTED)
    code = launcher.CODE.format(root=str(ROOT), signals=[2])
    done = run(sys.executable, "-I", "-c", code, "version", cwd=tmp_path)
    assert done.code == 130
    assert done.output == "invoke: interrupted; finished artifacts are whole\n"


def test_nor_does_ctrl_c_end_invoke_as_a_module_without_a_word(tmp_path: Path) -> None:
    tasks = (ROOT / "tasks.py").read_text()
    tasks = tasks.replace("os.path.dirname(os.path.abspath(__file__))", repr(str(ROOT)))
    (tmp_path / "tasks.py").write_text(
        tasks.replace("from docker import cleaning", f"{INTERRUPTED}\nfrom docker import cleaning")
    )
    done = run(sys.executable, "-m", "invoke", "verify", "none.tar", cwd=tmp_path)
    assert done.code == 130, done
    assert done.output == "invoke: interrupted; finished artifacts are whole\n"


def test_the_invoke_of_another_clone_runs_no_task_of_this_one(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tasks.py", tmp_path)
    code = launcher.CODE.format(root=str(ROOT), signals=[])
    done = run(sys.executable, "-I", "-c", code, "version", cwd=tmp_path)
    assert done.code == SettingsError.exit_code, done
    assert done.output == (
        f"invoke: error: this is the invoke of another clone, {ROOT}; run this by ./bootstrap.py "
        "here, or `. .venv/bin/activate` here first\n"
    )


ODD = """
@task
def odd(_):
    from stages.errors import ModelError
    raise ModelError("it is odd; make it even")


ns.add_task(odd)
"""


def test_an_error_that_a_task_lets_pass_is_one_line_all_the_same(tmp_path: Path) -> None:
    tasks = (ROOT / "tasks.py").read_text()
    tasks = tasks.replace("os.path.dirname(os.path.abspath(__file__))", repr(str(ROOT)))
    (tmp_path / "tasks.py").write_text(tasks + ODD)
    done = run(sys.executable, "-m", "invoke", "odd", cwd=tmp_path)
    assert done.code == ModelError.exit_code, done
    assert done.output == "invoke: error: it is odd; make it even\n"


def test_a_signal_in_its_imports_waits(environment: Path) -> None:
    launcher.write(environment)
    assert (
        "pthread_sigmask(signal.SIG_BLOCK, [2, 15, 1, 3])"
        in (environment / "bin" / "invoke").read_text()
    )


def test_who_only_imports_the_tasks_keeps_getting_signals() -> None:
    code = "import signal, tasks; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    assert run_in(ROOT, "-c", code).output == "set()\n"
