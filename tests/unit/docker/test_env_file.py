"""The file .env, which a user and invoke write, and both invoke and compose read."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from docker.host import env_file
from docker.host.dotenv import statements
from docker.host.engine import EngineInfo
from docker.host.env_file import (
    compose_variables,
    environment,
    memory_limit,
    project_name,
    with_place,
)
from docker.host.user import User
from docker.host.variables import GIVEN_PATHS
from stages.command_line import load
from stages.errors import SettingsError
from stages.setting.prefix import refuse_misspelt

GIB = 2**30


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("VGG19_DATA=beans", "beans"),
        ("  export VGG19_DATA = beans  ", "beans"),
        ("VGG19_DATA: beans", "beans"),
        ("VGG19_DATA=beans # not embedded", "beans"),
        ("VGG19_DATA=a#b", "a#b"),
        ("VGG19_DATA=# no comment", "# no comment"),
        ("VGG19_DATA=", ""),
        ("VGG19_DATA='a b # c'", "a b # c"),
        ("VGG19_DATA='$x'", "$x"),
        ('VGG19_DATA="a \\"b\\"" # c', 'a "b"'),
        ('VGG19_DATA="a\\nb"', "a\nb"),
        ("VGG19_DATA=a\t# b", "a\t# b"),
        ('VGG19_DATA="a\\tb\\0101\\x"', "a\tbA\\x"),
        ('VGG19_DATA="a\\08"', "a\\8"),
        ("VGG19_DATA='a\nSEED=1 # b\nc' # d", "a\nSEED=1 # b\nc"),
        ('VGG19_DATA="a\nVGG19_SEED=1\nb"', "a\nVGG19_SEED=1\nb"),
        ("VGG19_DATA='a\\'b\\\\'", "a'b\\\\"),
        ("OTHER='\nVGG19_SEED=1'\nVGG19_DATA=b", "b"),
        ("OTHER='a' VGG19_DATA=b", "b"),
        ("export\tVGG19_DATA=b", "b"),
        ("OTHER\nINHERITED\nVGG19_DATA=b", "b"),
        ("some.name-[0]: x\nVGG19_DATA=b", "b"),
        ("VGG19_DATA=b\r", "b"),
        ("VGG19_DATA=first\nVGG19_DATA=last", "last"),
    ],
)
def test_a_setting_is_read_as_compose_reads_it(line: str, value: str, file: Path) -> None:
    file.write_text(f"# a comment\nOTHER=1\n{line}\n#VGG19_SEED=1\n")
    assert environment({}, file) == {"VGG19_DATA": value}


def test_the_environment_wins_even_if_it_is_empty(file: Path) -> None:
    file.write_text("VGG19_DATA=beans\nVGG19_SEED=7\n")
    given = {"VGG19_DATA": "", "PATH": "/bin"}
    assert environment(given, file) == {"VGG19_DATA": "", "PATH": "/bin", "VGG19_SEED": "7"}


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("VGG19_DATA=$X", "VGG19_DATA in line 3 of .env has a $"),
        ('VGG19_DATA="${X:-1}"', "VGG19_DATA in line 3 of .env has a $"),
        ('VGG19_DATA="\\$X"', "VGG19_DATA in line 3 of .env has a $"),
        ("VGG19_DATA='a", "line 3 of .env has no closing quote"),
        ('VGG19_DATA="\nVGG19_SEED=1', "line 3 of .env has no closing quote"),
        ("OTHER='a", "line 3 of .env has no closing quote"),
        ("VGG19_DATA", "VGG19_DATA in line 3 of .env has no value"),
        ("export VGG19_DATA\n", "VGG19_DATA in line 3 of .env has no value"),
        ("VGG19_DAAT\nOTHER=1", "VGG19_DAAT in line 3 of .env has no value"),
        ("VGG19_DATA beans", "line 3 of .env has ' ' in its name"),
        ("VGG19 DATA=beans", "line 3 of .env has ' ' in its name"),
        ("VGG19_DATA+=beans", "line 3 of .env has '+' in its name"),
        ("; a comment?", "line 3 of .env has ';' in its name"),
        ("=beans", "line 3 of .env has no name"),
        ("VGG19_DATA='a' for tests", "line 3 of .env has ' ' in its name"),
    ],
)
def test_what_can_not_be_obeyed_as_by_compose_is_refused_with_its_line(
    line: str, cause: str, file: Path
) -> None:
    file.write_text(f"# one\nOTHER='1' # two\n{line}")
    with pytest.raises(SettingsError) as caught:
        environment({}, file)
    assert str(caught.value).startswith(f"{cause}")
    assert "; write" in str(caught.value)


def test_a_name_alone_stands_for_the_environments_value(file: Path) -> None:
    file.write_text("VGG19_DATA\nVGG19_SEED=1\n")
    expected = {"VGG19_DATA": "beans", "VGG19_SEED": "1"}
    assert environment({"VGG19_DATA": "beans"}, file) == expected


@pytest.mark.parametrize(
    "name",
    [
        *("vgg19_data", "Vgg19_Data", "VGG19_DATA.X", "VGG19_DÄTA", "VGG_19_DATA", "VGG19DATA"),
        *("VVG19_DATA", "VGG199_DATA"),
    ],
)
def test_a_name_that_is_misspelt_is_passed_on_to_be_refused(name: str, file: Path) -> None:
    file.write_text(f"{name}=beans\n")
    with pytest.raises(SettingsError, match=r"is no setting .did you mean VGG19_DATA\?"):
        load(environment({}, file))


def test_a_line_that_is_refused_is_not_shown_as_it_may_hold_a_password(file: Path) -> None:
    file.write_text("VGG19_BACKBONE https://me:secret@hub/m\n")
    with pytest.raises(SettingsError) as caught:
        environment({}, file)
    assert "secret" not in str(caught.value)


def test_the_path_of_a_backbone_for_compose_is_read_too(file: Path) -> None:
    file.write_text("GIVEN_BACKBONE='/my models/mine'\nGIVEN=1\n")
    assert environment({}, file) == {"GIVEN_BACKBONE": "/my models/mine"}


@pytest.mark.parametrize("name", ["GIVEN_DTA", "GIVEN_MODLE", "GIVEN_BACKBONES", "given_data"])
def test_a_misspelt_path_for_compose_is_passed_on_to_be_refused(name: str, file: Path) -> None:
    file.write_text(f"{name}=/mine\n")
    with pytest.raises(SettingsError, match=f"{name} is no variable .did you mean GIVEN_"):
        refuse_misspelt(environment({}, file), GIVEN_PATHS)


@pytest.mark.timeout(20)
def test_a_file_of_as_many_lines_as_it_may_have_is_read_at_once(file: Path) -> None:
    file.write_text("A=1\n" * 30_000 + "VGG19_SEED=$x\n")
    with pytest.raises(SettingsError, match=r"VGG19_SEED in line 30001 of \.env has a \$"):
        environment({}, file)


def test_without_a_file_there_is_the_environment_alone(file: Path) -> None:
    assert environment({"A": "1"}, file) == {"A": "1"}


@pytest.mark.parametrize("value", ["/a\x0cb", "/a\u2028b", "/a\x85b", "/a\x1cb", "/a\rb"])
def test_a_line_ends_where_compose_ends_it(value: str, file: Path) -> None:
    file.write_bytes(f"VGG19_ARTIFACTS={value}\r\nOTHER=1".encode())
    assert environment({}, file) == {"VGG19_ARTIFACTS": value}
    env_file.write({"STAGES_UID": "7"}, file)
    assert file.read_bytes() == f"VGG19_ARTIFACTS={value}\r\nOTHER=1\nSTAGES_UID=7\n".encode()


def test_bytes_that_are_no_utf8_are_kept_as_in_the_environment(file: Path) -> None:
    file.write_bytes(b"VGG19_ARTIFACTS=/a\xff\n")
    assert environment({}, file) == {"VGG19_ARTIFACTS": os.fsdecode(b"/a\xff")}


def test_a_mark_before_the_first_setting_is_passed_over_as_by_compose(file: Path) -> None:
    file.write_text("VGG19_DATA=beans\n", encoding="utf-8-sig")
    assert environment({}, file) == {"VGG19_DATA": "beans"}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_settings_that_compose_could_not_read_are_not_passed_over(
    encoding: str, file: Path
) -> None:
    file.write_bytes("\ufeffVGG19_DATA=beans\n".encode(encoding))
    with pytest.raises(SettingsError, match="is UTF-16, which compose can't read; save it as"):
        environment({}, file)


@pytest.mark.parametrize("kind", ["folder", "pipe", "loop", "dangling", "device", "huge"])
def test_what_is_no_file_of_settings_is_refused_and_left(kind: str, file: Path) -> None:
    make: dict[str, Callable[[], object]] = {
        "folder": file.mkdir,
        "pipe": lambda: os.mkfifo(file),
        "loop": lambda: file.symlink_to(file),
        "dangling": lambda: file.symlink_to("/nonexistent/.env"),
        "device": lambda: file.symlink_to("/dev/zero"),
        "huge": lambda: file.write_bytes(b"#" * 2**21),
    }
    make[kind]()
    before = file.lstat()
    with pytest.raises(SettingsError, match=r"\.env is (no file|larger than 128 KiB)"):
        environment({}, file)
    with pytest.raises(SettingsError, match=r"\.env is (no file|larger than 128 KiB)"):
        env_file.write({"STAGES_UID": "1"}, file)
    assert (file.lstat().st_ino, file.lstat().st_mode) == (before.st_ino, before.st_mode)


def test_a_file_that_may_not_be_read_is_named_with_what_helps(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")

    file.write_text("VGG19_SEED=1\n")
    monkeypatch.setattr(env_file, "read_given", denied)
    with pytest.raises(SettingsError, match=r"\.env can't be read by user .*; change its owner"):
        environment({}, file)


def test_writing_keeps_what_else_is_in_the_file(file: Path) -> None:
    file.write_text("VGG19_EPOCHS=5\nSTAGES_UID=1\n")
    file.chmod(0o600)
    env_file.write({"STAGES_UID": "7", "STAGES_GID": "8"}, file)
    assert file.read_text() == "VGG19_EPOCHS=5\nSTAGES_UID=7\nSTAGES_GID=8\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == [".env"]


OURS = "STAGES_UID=7\nCA_BUNDLE=/b\n"


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        ("KEY='a\nSTAGES_UID=5\nb'\n", "KEY='a\nSTAGES_UID=5\nb'\n"),
        ('KEY="a\nSTAGES_UID=5\nb" # c', 'KEY="a\nSTAGES_UID=5\nb" # c\n'),
        ("CA_BUNDLE='/a\nb'\nKEY=1\n", "KEY=1\n"),
        ("KEY='a\nb' STAGES_UID=5\n", "KEY='a\nb' STAGES_UID=5\n"),
        ("STAGES_UID='a\nb' KEY=5\n", "STAGES_UID='a\nb' KEY=5\n"),
        ("export STAGES_UID=5\n STAGES_UID: 6\nSTAGES_UID\nKEY=1\n", "KEY=1\n"),
        ("\ufeffKEY=1\n\n# STAGES_UID=5\n", "\ufeffKEY=1\n\n# STAGES_UID=5\n"),
    ],
)
def test_writing_tears_no_value_of_several_lines_apart(before: str, kept: str, file: Path) -> None:
    file.write_text(before)
    for _ in range(2):
        env_file.write({"STAGES_UID": "7", "CA_BUNDLE": "/b"}, file)
        assert file.read_text() == f"{kept}{OURS}"


def test_what_compose_could_not_read_is_not_written_to(file: Path) -> None:
    file.write_text("KEY='a\nSTAGES_UID=5\n")
    with pytest.raises(SettingsError, match=r"line 1 of \.env has no closing quote"):
        env_file.write({"STAGES_UID": "7"}, file)
    assert file.read_text() == "KEY='a\nSTAGES_UID=5\n"


def test_a_path_that_can_not_be_written_for_compose_is_refused(file: Path) -> None:
    with pytest.raises(SettingsError, match="rename it"):
        env_file.write({"CA_BUNDLE": "/$a\\"}, file)
    assert not file.exists()


PATHS = [
    "/a b/c.pem",
    "/a #1/c.pem",
    "/$a/c.pem",
    "/it's/c",
    '"a"',
    "",
    "/a\nb",
    "/\\",
    "\\'\"\\n\\",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_written_so_that_compose_reads_it_as_it_is(path: str, file: Path) -> None:
    for _ in range(2):
        env_file.write({"CA_BUNDLE": path}, file)
        (said,) = statements(file.read_text())
        assert (said.name, said.value) == ("CA_BUNDLE", path)
        assert not (said.is_template and "$" in path)


def test_each_checkout_has_a_name_of_its_own_that_follows_where_it_is(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    name = compose_variables(User(1, 2), EngineInfo(), {}, one)["COMPOSE_PROJECT_NAME"]
    assert name == project_name(one)
    assert name.startswith("vgg19-")
    one.rename(other)
    assert project_name(other) != name
    one.symlink_to(other)
    assert project_name(one) == project_name(other)


@pytest.mark.parametrize(
    ("gib", "limit"), [(1, 512), (2, 1024), (4, 3072), (16, 15360), (64, 61440)]
)
def test_a_container_leaves_some_memory_to_the_machine(gib: int, limit: int) -> None:
    assert memory_limit(gib * GIB) == f"{limit}m"


def test_a_limit_that_was_given_holds() -> None:
    given = {"STAGES_MEMORY": "4g", "STAGES_CPU_SHARES": "2048"}
    info = EngineInfo(memory=8 * GIB, cgroup_driver="systemd")
    assert given.items() <= compose_variables(User(1, 2), info, given).items()


@pytest.mark.parametrize(
    ("info", "parent", "shares"),
    [
        (EngineInfo(cgroup_driver="cgroupfs"), "/", "262144"),
        (EngineInfo(cgroup_driver="systemd"), "-.slice", "262144"),
        (EngineInfo(cgroup_driver="systemd", rootless=True), "", "1024"),
        (EngineInfo(cgroup_driver="cgroupfs", desktop=True), "", "1024"),
        (EngineInfo(cgroup_driver="none"), "", "1024"),
        (EngineInfo(), "", "1024"),
    ],
)
def test_other_programs_wait_where_the_engine_can_make_them(
    info: EngineInfo, parent: str, shares: str
) -> None:
    composed = compose_variables(User(1, 2), info, {})
    assert composed["STAGES_CGROUP_PARENT"] == parent
    assert composed["STAGES_CPU_SHARES"] == shares


@pytest.mark.parametrize("text", ["x", "0", "1", "-2", "1e3", "262145", "٣٣", "9" * 5000, "10.5"])
def test_shares_that_the_kernel_does_not_take_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"STAGES_CPU_SHARES can't be .*; give a whole number"):
        compose_variables(User(1, 2), EngineInfo(), {"STAGES_CPU_SHARES": text})


@pytest.mark.parametrize(
    "name",
    [
        *("STAGES_CPU_SHARE", "STAGE_CPU_SHARES", "STAGES_MEMORI", "stages_memory"),
        *("STAGES_OVERIDE", "DOWNLOAD_NETWROK"),
    ],
)
def test_a_misspelt_variable_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is no variable .did you mean "):
        compose_variables(User(1, 2), EngineInfo(), {name: "1024"})
    compose_variables(User(1, 2), EngineInfo(), {"STAGES_IMAGE": "1", "STAGES_ENABLED": "1"})


@pytest.mark.parametrize("name", ["STAGES_OVERRIDE", "DOWNLOAD_NETWORK"])
def test_an_address_in_place_of_a_name_for_compose_is_refused_without_its_password(
    name: str,
) -> None:
    with pytest.raises(SettingsError, match=f"{name} can't be 'https://.*@host/x'") as caught:
        compose_variables(User(1, 2), EngineInfo(), {name: "https://me:secret@host/x"})
    assert "secret" not in str(caught.value)
    compose_variables(User(1, 2), EngineInfo(), {name: "container:mine"})


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "-1g",
        "4 gigs",
        "1e9",
        "g",
        "4gg",
        "4bb",
        "0",
        "6m",
        "4096",
        "99999999t",
        "9" * 400,
        "4pb",
    ],
)
def test_a_limit_that_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"STAGES_MEMORY can't be .*; give a size"):
        compose_variables(User(1, 2), EngineInfo(), {"STAGES_MEMORY": text})


@pytest.mark.parametrize("value", ["a\0b", "'a\0b'", '"a\0b"'])
def test_a_value_that_no_program_can_be_given_is_refused(value: str, file: Path) -> None:
    file.write_text(f"VGG19_DATA={value}\n")
    with pytest.raises(SettingsError, match=r"VGG19_DATA in line 1 of \.env has a null character"):
        environment({}, file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_writes_in_anothers_checkout_is_that_users(tmp_path: Path) -> None:
    os.chown(tmp_path, 4_000_123, 4_000_123)
    env_file.write({"A": "1"}, tmp_path / ".env")
    assert (tmp_path / ".env").stat().st_uid == 4_000_123


@pytest.mark.parametrize("name", ["VGG19_ROUND is no setting", "rounds can't be 'x'; give less"])
def test_a_refused_setting_that_env_has_is_said_to_be_there(name: str, tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("VGG19_ROUND=3\nVGG19_ROUNDS=x\n")
    refused = SettingsError(name)
    assert str(with_place(refused, {}, env_file)) == f"{name}; it is in {env_file}"
    shell = {"VGG19_ROUND": "3", "VGG19_ROUNDS": "x"}
    assert str(with_place(refused, shell, env_file)) == name
    assert str(with_place(SettingsError("isas can't be 'x'"), {}, env_file)) == "isas can't be 'x'"


@pytest.mark.parametrize("text", ["4g", "14336m", "256M", "1.5gib", "4294967296", "8GB"])
def test_a_limit_is_any_size_that_the_engine_takes(text: str) -> None:
    composed = compose_variables(User(1, 2), EngineInfo(), {"STAGES_MEMORY": text})
    assert composed["STAGES_MEMORY"] == text


def test_shares_are_written_as_plain_numbers() -> None:
    composed = compose_variables(User(1, 2), EngineInfo(), {"STAGES_CPU_SHARES": "02048"})
    assert composed["STAGES_CPU_SHARES"] == "2048"
