"""One file at several addresses: which is asked when, the user's own mirror first."""

import time
from pathlib import Path
from typing import Any

import pytest

from stages.command_line import load
from stages.download.fetch import fetch
from stages.download.mirror import mirrored, name_of_module
from stages.errors import DownloadError, SettingsError
from tests.unit.download import test_fetch
from tests.unit.download.servers import Answer, head, of_status, serving, whole
from tests.unit.download.test_fetch import CONTENT, ONCE, QUICK, get, refused, wanted, well
from tests.unit.download.test_main import ARCHIVE, files, program

path = test_fetch.path
_plain_environment = test_fetch._plain_environment


def silent(request: str, send: Any, count: int) -> None:
    send(whole(CONTENT)[:5000])
    # The client hangs up; nothing comes any more until then.
    time.sleep(ONCE.silence_s * 3)


FAULTS: dict[str, Answer] = {
    "refused": of_status("403 Forbidden"),
    "not there": of_status("404 Not Found"),
    "busy": of_status("503 Busy"),
    "silent": silent,
    "cut": lambda request, send, count: send(whole(CONTENT)[:-1]),
    "a portal": lambda request, send, count: send(whole(b"<html>", Content_Type="text/html")),
    "another": lambda request, send, count: send(whole(CONTENT[::-1])),
    "endless": lambda request, send, count: send(head() + CONTENT * 2),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_is_wrong_at_one_address_the_next_is_asked(fault: str, path: Path) -> None:
    with serving(FAULTS[fault]) as first, serving(well) as second:
        said = get(first.url, path, ONCE, copies=(second.url,))
    assert path.read_bytes() == CONTENT
    assert [*path.parent.iterdir()] == [path]
    assert len(said) == 1
    assert said[0].startswith("the file: ")
    assert said[0].endswith(f"; asking {second.url} instead")


def test_a_host_that_kept_us_waiting_is_asked_last_for_other_files(path: Path) -> None:
    hosts: set[str] = set()
    with serving(silent) as first, serving(well) as second:
        file = wanted(f"{first.url}/a", copies=(f"{second.url}/a",))
        for name in ("file", "other"):
            fetch(file, path.with_name(name), limits=ONCE, silent=hosts)
        assert (len(first.requests), len(second.requests)) == (1, 2)
        # But it is asked, if nobody else has the file.
        lonely = wanted(f"{first.url}/b")
        with pytest.raises(DownloadError, match="does not answer"):
            fetch(lonely, path, limits=ONCE, silent=hosts)


def test_a_host_that_lacks_one_file_is_asked_first_for_others(path: Path) -> None:
    hosts: set[str] = set()
    with serving(FAULTS["not there"]) as first, serving(well) as second:
        for _ in range(2):
            fetch(wanted(first.url, copies=(second.url,)), path, limits=ONCE, silent=hosts)
        assert (len(first.requests), len(second.requests)) == (2, 2)


def test_what_passes_is_awaited_before_another_address_is_asked(path: Path) -> None:
    def busy(request: str, send: Any, count: int) -> None:
        send(head("503 Busy", Content_Length=0) if count < 2 else whole(CONTENT))

    with serving(busy) as first, serving(well) as second:
        get(first.url, path, QUICK, copies=(second.url,))
        assert (len(first.requests), len(second.requests)) == (3, 0)


def test_a_download_does_not_go_on_with_another_servers_file(path: Path) -> None:
    with serving(FAULTS["cut"]) as first, serving(well) as second:
        get(first.url, path, ONCE, copies=(second.url,))
        assert "Range" not in second.requests[0]


def test_no_address_is_shown_with_its_password(path: Path) -> None:
    with serving(FAULTS["refused"]) as server:
        first, second = (f"http://me:secret@127.0.0.1:{server.port}/{name}" for name in "ab")
        message = refused(first, path, copies=(second,), by_hand="put it into /a/b")
        with pytest.raises(DownloadError):
            get(first, path, copies=(second,))
    assert message.count("***@127.0.0.1") == 2
    assert "secret" not in message
    assert ", or put it into /a/b, or set data to embedded" in message


# The mirror.


@pytest.mark.parametrize(
    ("mirror", "url"),
    [
        ("https://h", "https://h/f.zip"),
        ("https://h/a/", "https://h/a/f.zip"),
        ("https://me:secret@h:1/a?key=k#part", "https://me:secret@h:1/a/f.zip?key=k"),
    ],
)
def test_files_lie_below_the_mirrors_address(mirror: str, url: str) -> None:
    found = mirrored(wanted("https://hub/f", copies=("https://c/f",)), mirror, "f.zip")
    assert (found.url, found.copies) == (url, ("https://hub/f", "https://c/f"))


def test_without_a_mirror_nothing_changes() -> None:
    assert mirrored(wanted("https://hub/f"), "", "f.zip") == wanted("https://hub/f")
    assert mirrored(wanted("https://hub/f"), "https://h", "") == wanted("https://hub/f")


@pytest.mark.parametrize(
    ("handle", "name"),
    [
        ("https://tfhub.dev/g/m/1", "tfhub.dev/g/m/1.tar.gz"),
        ("https://me:secret@h:8000/m.tar.gz", "h:8000/m.tar.gz"),
        ("https://h/m/", "h/m.tar.gz"),
        # Two modules must not be one file.
        ("https://h/m?version=1", ""),
        ("https://h/", ""),
        ("https://[::1/m", ""),
    ],
)
def test_a_modules_name_tells_it_from_others(handle: str, name: str) -> None:
    assert name_of_module(handle) == name


def test_the_program_asks_the_mirror_first_and_shows_and_keeps_no_password(tmp_path: Path) -> None:
    with serving(lambda request, send, count: send(whole(ARCHIVE))) as mirror:
        place = f"127.0.0.1:{mirror.port}"
        variables = {
            "VGG19_BACKBONE": "http://hub.invalid/g/m/1",
            "VGG19_DOWNLOAD_MIRROR": f"http://me:secret@{place}/files",
        }
        code, output = program(tmp_path, variables)
    assert (code, mirror.requests[0].split()[1]) == (0, "/files/hub.invalid/g/m/1.tar.gz"), output
    kept = [path for path in files(tmp_path) if b"secret" in path.read_bytes()]
    assert (kept, "secret" in output) == ([], False)


def test_the_hub_is_asked_if_the_mirror_has_it_not(tmp_path: Path) -> None:
    with (
        serving(of_status("404 Not Found")) as mirror,
        serving(lambda request, send, count: send(whole(ARCHIVE))) as hub,
    ):
        variables = {
            "VGG19_BACKBONE": f"{hub.url}/m/1",
            "VGG19_DOWNLOAD_MIRROR": f"http://me:secret@127.0.0.1:{mirror.port}",
        }
        code, output = program(tmp_path, variables)
        assert (code, len(hub.requests)) == (0, 1), output
    assert f"has no such file (404); asking {hub.url}/m/1 instead" in output
    assert "secret" not in output


@pytest.mark.parametrize(
    "text",
    [
        *("/srv/files", "file:///srv/files", "ftp://me:secret@h/", "me:secret@h/f", "https://"),
        *("https:/me:secret@h", "https://[::1/x", "https://me:secret@", "http://localhost:99999/m"),
        *("http://me:sec ret@h/m", "http://h/m#part"),
    ],
)
def test_what_is_no_address_of_the_web_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(SettingsError, match="download_mirror can't be") as caught:
        load({"VGG19_DOWNLOAD_MIRROR": text})
    assert "secret" not in str(caught.value)
