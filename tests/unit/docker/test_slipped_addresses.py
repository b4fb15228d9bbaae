"""An address with its password may stand wherever something else is meant to: none is repeated."""

import subprocess
import sys
from pathlib import Path

import pytest

from docker.host import launcher
from docker.host.network import ca_bundle
from docker.host.own_files import OWN
from docker.standing import from_here
from stages import check
from stages.command_line import load
from stages.errors import SettingsError
from stages.settings import specs
from tests.commands import ROOT, run

ADDRESS = "https://me:secret@host/x"
WITH_COMMA = "me:secret,secret@host"
WITH_SIGN = "https://me:secret=1@host/x"
SLIPS = (
    ADDRESS,
    WITH_SIGN,
    "ftp://me:secret@host/x",
    "https//me:secret@host/x",
    "https;//me:secret@host/x",
    "https\uff1a//me:secret@host/x",
    "https:/me:secret@host/x",
    "https:me:secret@host/x",
    "//me:secret@host/x",
    "me:secret@host/x",
    "./https://me:secret@host/x",
    "https://me:se/secret@host/x",
    "file://me:secret@host/x",
)


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("name", [name for name in specs() if name != "locks"])
def test_no_setting_repeats_it(name: str, slip: str) -> None:
    if name in ("backbone", "download_mirror") and slip in (ADDRESS, WITH_SIGN):
        load({}, {name: slip})
        return
    with pytest.raises(SettingsError) as error:
        load({}, {name: slip})
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("slip", SLIPS)
def test_no_file_of_a_command_line_repeats_it(slip: str) -> None:
    with pytest.raises(SettingsError) as error:
        from_here(slip)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("slip", SLIPS)
def test_no_path_for_compose_repeats_it(slip: str, tmp_path: Path) -> None:
    for own in OWN:
        variables = {own.given: slip}
        with pytest.raises(SettingsError) as error:
            load({}, {own.setting: own.chosen("", variables, {}, tmp_path, tmp_path)})
        assert "secret" not in str(error.value)
        with pytest.raises(SettingsError) as error:
            check.main({**variables, "VGG19_ARTIFACTS": str(tmp_path)})
        assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "path", ["/a/me@host/x", "./a:b@c", "/a:b", "a@b", "~/x@y", "../a//b", "file:///a/b@c"]
)
def test_a_path_with_some_of_its_signs_is_one(path: str) -> None:
    from_here(path)
    load({}, {"artifacts": path.removeprefix("file://")})


@pytest.mark.parametrize(
    "words",
    [
        ("verify", ADDRESS),
        ("diff", ADDRESS),
        ("diff", f"name={ADDRESS}"),
        ("diff", ".", "--prices", ADDRESS),
        ("diff", ".", "--output", ADDRESS),
        ("bundle", "--output", ADDRESS),
        ("export", "--output", ADDRESS),
        ("history", "--artifacts", ADDRESS),
        ("history", "--compare", ADDRESS),
        ("submit", "--kinds", f"spr,{WITH_COMMA}"),
        ("compare", "--with", f"a,{WITH_COMMA}"),
        ("clean", "--artifacts", ADDRESS),
        ("schema", ADDRESS),
        ("audit", "--database", ADDRESS),
        ("fuzz", "--only", ADDRESS),
        ("test", "--only", ADDRESS),
        ("pipeline", ADDRESS),
        ("pipeline", "--runner", ADDRESS),
        ("pipeline", f"--runner={ADDRESS}"),
        ("pipeline", f"--epochz={ADDRESS}"),
        ("pipeline", "--epochs", ADDRESS),
        ("pipeline", "--force", ADDRESS),
        ("version", ADDRESS),
        ("release", ADDRESS),
        ("--list", ADDRESS),
        (f"--{ADDRESS}",),
        (ADDRESS,),
    ],
)
def test_no_word_of_a_command_line_is_repeated(words: tuple[str, ...], tmp_path: Path) -> None:
    done = run(sys.executable, "-m", "invoke", f"--search-root={ROOT}", *words, cwd=tmp_path)
    assert done.code, done
    assert "secret" not in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS}.yaml", "https://host/x#secret"])
@pytest.mark.parametrize(
    "words",
    [
        *(["-c"], ["--collection"], ["-r"], ["-f"], ["-T"], ["-D"], ["-F"], ["--hide"], ["-l"]),
        *(["-h"], ["--print-completion-script"]),
    ],
)
def test_no_flag_of_invoke_itself_repeats_its_value(words: list[str], address: str) -> None:
    code = launcher.CODE.format(root=str(ROOT), signals=[])
    done = run(sys.executable, "-I", "-c", code, *words, address, "version", cwd=ROOT)
    assert "secret" not in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_no_variable_for_certificates_repeats_it(name: str) -> None:
    with pytest.raises(SettingsError, match="no certificates can be read") as error:
        ca_bundle({name: ADDRESS})
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("words", [(ADDRESS,), (f"--{ADDRESS}",), ("pipeline", ADDRESS)])
def test_bootstrap_repeats_none(words: tuple[str, ...], tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "bootstrap.py"), *words]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode
    assert "secret" not in done.stdout + done.stderr
