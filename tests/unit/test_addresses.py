"""What is fetched from a network, and what of an address is shown."""

from pathlib import Path

import pytest

from stages.addresses import is_of_this_machine, is_remote, local_path, redacted


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
        ("https://h/@scope/m", "https://h/@scope/m"),
        ("https://h:80/@scope/m", "https://h:80/@scope/m"),
        ("https://h/m?token=secret", "https://h/m?token=***"),
        ("https://h/m?a=secret&b=secret#secret", "https://h/m?a=***&b=***#secret"),
        ("https://h/m?secret", "https://h/m?***"),
        ("see http://u:secret@h/ and https://u:secret@h/", "see http://***@h/ and https://***@h/"),
        ("a/path, no address: me:x@h", "a/path, no address: me:x@h"),
    ],
)
def test_secrets_are_not_shown(text: str, shown: str) -> None:
    assert redacted(text) == shown
