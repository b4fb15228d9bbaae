"""What is fetched from a network, and what of an address is shown."""

from pathlib import Path
from typing import Any

import pytest

from stages.command_line import load
from stages.errors import SettingsError
from stages.setting.addresses import (
    has_secrets,
    is_of_this_machine,
    is_remote,
    local_path,
    recorded_handle,
    redacted,
    redacted_handle,
)
from stages.settings import Settings


@pytest.mark.parametrize("handle", ["https://h/m/1", "http://h/m.tar.gz", "HTTPS://h/m"])
def test_the_web_is_remote(handle: str) -> None:
    assert is_remote(handle)
    assert local_path(handle) is None


@pytest.mark.parametrize(
    ("handle", "path"),
    [
        ("/a/b", "/a/b"),
        ("./b", "b"),
        ("file:///a/b", "/a/b"),
        ("FILE:///a/b%20c", "/a/b c"),
        ("file://localhost/a", "/a"),
    ],
)
def test_a_path_is_local(handle: str, path: str) -> None:
    assert not is_remote(handle)
    assert local_path(handle) == Path(path)


@pytest.mark.parametrize("handle", ["gs://bucket/m", "s3://b/m", "file://other/a", "ram://x"])
def test_other_addresses_are_neither(handle: str) -> None:
    assert not is_remote(handle)
    assert local_path(handle) is None


@pytest.mark.parametrize(
    ("place", "own"),
    [
        ("localhost:1", True),
        ("me:secret@127.9.9.9", True),
        ("[::1]:1", True),
        ("127.example", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_what_only_this_machine_reaches_is_known(place: str, own: bool) -> None:
    assert is_of_this_machine(place) == own


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://h/m/1", "https://h/m/1"),
        ("https://h:8080/m", "https://h:8080/m"),
        ("https://me:secret@h/m", "https://***@h/m"),
        ("https://secret@h/m", "https://***@h/m"),
        ("http://me:se@cret@h:1/m", "http://***@h:1/m"),
        ("http://me:se/cret@h:1/m", "http://***@h:1/m"),
        ("https://h/%40scope/m", "https://h/%40scope/m"),
        ("http://me:12/secret@h:1/m", "http://***@h:1/m"),
        ("http://me:secret/m", "http://me:***"),
        (
            "no http://h:80; nor http://h:81, https://h: silent",
            "no http://h:80; nor http://h:81, https://h: silent",
        ),
        ("file:///home/me@here/m", "file:///home/me@here/m"),
        ("file:///home/a;b/m", "file:///home/a;b/m"),
        ("file:///home/m#secret", "file:///home/m#***"),
        ("file://me:secret@h/m", "file://***@h/m"),
        ("https://h/m?token=secret", "https://h/m?***"),
        ("https://h/m?a=secret&b=secret#secret", "https://h/m?***"),
        ("https://h/m?secret==", "https://h/m?***"),
        ("https://h/m#secret", "https://h/m#***"),
        ("https://h/m#access_token=secret?a", "https://h/m#***"),
        ("https://h/m;jsessionid=secret/x", "https://h/m;***"),
        ("https://h;secret", "https://h;***"),
        ("https://h/m?secret", "https://h/m?***"),
        ("see http://u:secret@h/ and https://u:secret@h/", "see http://***@h/ and https://***@h/"),
        ("http://me:se'cr\"et@h:1/m", "http://***@h:1/m"),
        ("http://me:se?cret@h/m", "http://***@h/m"),
        ("http://me:se#cret@h/m", "http://***@h/m"),
        ("http://[::1]:80/m?at=me%40h", "http://[::1]:80/m?***"),
        ("'http://me:secret@h/m', me@h", "'http://***@h/m', me@h"),
        ("a/path, no address: me:x@h", "a/path, no address: me:x@h"),
    ],
)
def test_secrets_are_not_shown(text: str, shown: str) -> None:
    assert redacted(text) == shown
    assert redacted(shown) == shown


@pytest.mark.parametrize(
    ("handle", "shown"),
    [
        ("https://h/m", "https://h/m"),
        ("https://me:secret@h/m?key=hidden", "https://***@h/m?***"),
        ("https://me:se cr'et@h/m", "https://***@h/m"),
        ("https://h/m?key=se 'cret", "https://h/m?***"),
        ("/a/path of me@h?", "/a/path of me@h?"),
        ("https://me:12!secret", "https://me:***"),
        ("https://[::1]:80/m", "https://[::1]:80/m"),
    ],
)
def test_a_handle_is_one_address_or_a_path(handle: str, shown: str) -> None:
    assert redacted_handle(handle) == shown
    assert redacted_handle(shown) == shown
    assert has_secrets(handle) == (handle != shown)


# A password with what would end it if it were escaped, and addresses with slips around it.
ILL_SPELT = [
    *("http://a:s3cr3t/s3cr3t@h/m", "http://a:12/s3cr3t@h/m", "https://a:#s3cr3t@h/m"),
    *("https://a:?s3cr3t@h/m", "https://a:12?s3cr3t@h/m", "http://a:p#s3cr3t@", "http://s3cr3t/@h"),
    *("http://a:s3cr3t[@h/m", "http://a:s[s3cr3t]@h/m", "http://a:s\u2100s3cr3t@h/m"),
    *("http://a:b@s3cr3t/s3cr3t@h/m", "http://a:s3cr3t", "http://a:s3cr3t/m", "http://:s3cr3t/m"),
    *("http:/a:s3cr3t@h/m", "http:a:s3cr3t@h/m", "//a:s3cr3t@h/m", "a:s3cr3t@h/m"),
    *("a:p/s3cr3t@h/m", "1http://a:s3cr3t@h/m", "htp://a:s3cr3t@h/m", "'http://a:s3cr3t@h/m'"),
    *("http:\\\\a:s3cr3t@h/m", "http://a:s3cr3t s3cr3t@h/m", "http://a:s3cr3t@h:x/m"),
    *("http://a:s3cr3t@[::1/m", "ftp://a:s3cr3t@h/m", "http://a:s3cr3t@h:99999/m"),
]


@pytest.mark.parametrize("name", ["backbone", "download_mirror"])
@pytest.mark.parametrize("text", ILL_SPELT)
def test_no_spelling_of_an_address_gets_its_password_shown(text: str, name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} can't be") as caught:
        load({}, {name: text})
    assert "s3" not in str(caught.value)
    given: dict[str, Any] = {name: text}
    with pytest.raises(SettingsError) as caught:
        Settings(**given)
    assert "s3" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        *("https://a:s%2F3%40@h:1/m?x=y", "http://a:s@3@h/m", "http://[::1]:80/%40scope/m"),
        *("https://***@h/m?x=***", "HTTPS://h"),
    ],
)
def test_an_address_that_can_be_read_in_one_way_is_taken(text: str) -> None:
    assert load({}, {"backbone": text, "download_mirror": text}).backbone == text


def test_the_remedy_for_a_password_says_how_to_write_it() -> None:
    with pytest.raises(SettingsError, match="write / \\? # as %2F %3F %23"):
        load({}, {"backbone": "http://a:s3/cr3t@h/m"})


@pytest.mark.parametrize("path", ["./a:b@c/d", "/a:b@c/d", "~/a:b@c", "a/b:c@d", "file:///a:b@c"])
def test_a_path_may_have_the_signs_of_an_address(path: str) -> None:
    assert load({}, {"backbone": path}).backbone == path


@pytest.mark.parametrize(
    ("handle", "recorded"),
    [
        ("/home/ann/models/mine", "given/mine"),
        ("../mine/", "given/mine"),
        ("~/mine.tar.gz", "given/mine.tar.gz"),
        ("file:///home/ann/my%20own%1b", "given/my_own_"),
        ("/models/imagenet", "given/imagenet"),
        ("/models/\u6a21\u578b", "given/\u6a21\u578b"),
        ("/models/a:b,c$d", "given/a_b_c_d"),
        ("/", "given/backbone"),
        ("./..", "given/backbone"),
        ("imagenet", "imagenet"),
        ("https://me:secret@h/m?key=hidden", "https://***@h/m?***"),
    ],
)
def test_records_have_the_last_part_of_a_path_alone(handle: str, recorded: str) -> None:
    assert recorded_handle(handle) == recorded
    assert recorded_handle(recorded) == recorded


def test_a_home_is_found_without_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert local_path("~/mine") == Path("/home/ann/mine")
    assert local_path("~nobody-has-this-name/mine") == Path("~nobody-has-this-name/mine")
    assert local_path("file:///~/mine") == Path("/~/mine")
