"""The files that pip and conda make an environment from: they have what the locks have."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from docker.build.requirements import path_of
from docker.local_runner import VENVS
from docker.share.pins import Asked, write_pins
from stages.errors import NotWritableError, SettingsError
from stages.runtimes import PEERS_RUNTIME, RUNTIME_NAMES
from stages.setting.programs import PEERS
from tests.commands import invoke

Write = Callable[..., list[str]]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write files where the user stands, tmp_path; return what is said."""
    monkeypatch.setattr("docker.share.pins.from_here", lambda path: tmp_path / path)

    def run(runtime: str = RUNTIME_NAMES[0], **asked: str | bool) -> list[str]:
        return [*write_pins(Asked(**asked), runtime, tmp_path / "artifacts")]

    return run


def lines_of(path: Path) -> set[str]:
    """Return the options and packages of a file of requirements, hashes with their package."""
    whole = re.sub(r"\\\n\s+", "", path.read_text())
    return {line for line in whole.splitlines() if not line.startswith("#")}


def locks_of(runtime: str) -> list[Path]:
    """Return what the local runner would install for all that a runtime runs."""
    _, locks = VENVS[PEERS if runtime == PEERS_RUNTIME else runtime]
    return [path_of(lock) for lock in locks]


@pytest.mark.parametrize("runtime", RUNTIME_NAMES)
def test_pip_is_given_what_the_local_runner_installs_and_nothing_else(
    write: Write, tmp_path: Path, runtime: str
) -> None:
    write(runtime, pip="it.txt")
    written = lines_of(tmp_path / "it.txt")
    assert written == set[str]().union(*map(lines_of, locks_of(runtime)))
    packages = [line for line in written if not line.startswith("--")]
    assert len(packages) > 30
    assert all("==" in line and "--hash=sha256:" in line for line in packages)
    names = [line.partition("==")[0] for line in packages]
    assert len({*names}) == len(names)
    assert "--require-hashes" in written


def test_a_file_is_named_on_one_line_whatever_it_is_called(write: Write) -> None:
    lines = [*write(pip="a\n\x1b[31mb.txt"), *write(conda="a\n\x1b[31mb.yml")]
    assert all(line.isprintable() for line in lines)


def test_options_stand_before_the_packages_that_they_are_for(write: Write, tmp_path: Path) -> None:
    write(pip="it.txt")
    kinds = [line[:2] for line in (tmp_path / "it.txt").read_text().splitlines()]
    first = next(number for number, kind in enumerate(kinds) if kind.strip("# -"))
    assert "--" not in kinds[first:]
    assert "#" not in {kind[0] for kind in kinds[first:]}


@pytest.mark.parametrize("runtime", RUNTIME_NAMES)
def test_conda_is_given_the_images_python_and_pips_file_beside_it(
    write: Write, tmp_path: Path, runtime: str
) -> None:
    write(runtime, conda="my it.yml")
    found = yaml.safe_load((tmp_path / "my it.yml").read_text())
    assert found["channels"] == ["conda-forge", "nodefaults"]
    *plain, of_pip = found["dependencies"]
    assert plain == ["python=3.11", "pip", "numactl"]
    (line,) = of_pip["pip"]
    assert shlex.split(line) == ["--requirement", "my it.txt"]
    write(runtime, pip="other.txt")
    assert (tmp_path / "my it.txt").read_text() == (tmp_path / "other.txt").read_text()


def test_without_a_name_the_files_are_called_as_the_environment(
    write: Write, tmp_path: Path
) -> None:
    assert write(pip=True) == [
        f"wrote {tmp_path / 'vgg19-stages.txt'}, whose first lines say how to use it"
    ]
    (tmp_path / "vgg19-stages.txt").unlink()
    write(conda=True)
    write("stock", pip=True)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"vgg19-stages.txt", "vgg19-stages.yml", "vgg19-stock.txt"}


@pytest.mark.parametrize(("flag", "name"), [("pip", "it.txt"), ("conda", "it.yml")])
def test_a_file_of_the_users_stays_as_it_is(
    write: Write, tmp_path: Path, flag: str, name: str
) -> None:
    mine = tmp_path / "it.txt"  # the second that --conda would write
    mine.write_text("numpy\n")
    with pytest.raises(NotWritableError, match=f"another program's; give another name by --{flag}"):
        write(**{flag: name})
    assert [path.name for path in tmp_path.iterdir()] == ["it.txt"]
    assert mine.read_text() == "numpy\n"


def test_an_earlier_one_is_replaced_and_that_is_said(write: Write, tmp_path: Path) -> None:
    write("stock", pip="it.txt")
    replaced, _ = write(pip="it.txt")
    assert replaced.startswith(f"replaced the file {tmp_path / 'it.txt'} of ")
    assert "intel-extension-for-tensorflow" in (tmp_path / "it.txt").read_text()


@pytest.mark.parametrize("asked", [{}, {"pip": True, "conda": True}])
def test_one_of_both_is_asked_for(write: Write, asked: dict[str, bool]) -> None:
    with pytest.raises(SettingsError, match="give one of --pip and --conda"):
        write(**asked)


def test_a_name_that_conda_would_refuse_is_refused(write: Write) -> None:
    with pytest.raises(SettingsError, match=r"conda can't be 'it\.txt'.* \.yml or \.yaml"):
        write(conda="it.txt")


def test_the_task_takes_a_name_or_none(tmp_path: Path) -> None:
    done = invoke("env", "--pip", str(tmp_path / "it.txt"), "--runtime", "stock")
    assert done.code == 0, done
    assert "tensorflow-cpu==2.21" in (tmp_path / "it.txt").read_text()
    done = invoke("env", "--pip", "--runtime", "nothing")
    assert done.code == SettingsError.exit_code
    assert "runtime can't be 'nothing'" in done.output
    assert invoke("env").code == SettingsError.exit_code
