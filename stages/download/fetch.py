"""Fetch a file: within limits, again if that may help, checked, and whole or not at all."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPResponse
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError

from stages.download.connection import ask, route_to
from stages.download.content import BEGINNING_BYTES, is_web_page, other_size, why_not
from stages.download.failures import (
    ADDRESS,
    LOGIN_PAGE,
    NO_SUCH_PART,
    OPEN_IT,
    OTHER_MEANS,
    Failure,
    error_of,
    failure_of,
    place,
)
from stages.download.head import total_of, validator_of
from stages.download.limits import Limits, Wanted
from stages.errors import StageError
from stages.files import left_overs
from stages.files.limits import MB
from stages.program.naming import naming

CHUNK_BYTES = 2**16
LIMITS = Limits()
# Called with the bytes that are there, and with all that will come, 0 if that is not known.
Show = Callable[[int, int], None]
Say = Callable[[str], None]


def fetch(
    wanted: Wanted,
    path: Path,
    show: Show = lambda done, total: None,
    say: Say = print,
    limits: Limits = LIMITS,
    silent: set[str] | None = None,
) -> str:
    """Download a file to `path`, from the first of its addresses that has it; return that.

    `say` gets a line for every attempt that failed, and for every address. Hosts that kept us
    waiting in vain are added to `silent`; those in it are asked last.

    On failure nothing is left. Raises DownloadError, DiskFullError or NotWritableError.
    """
    failures: dict[str, Failure] = {}
    silent = set() if silent is None else silent
    urls = sorted((wanted.url, *wanted.copies), key=lambda url: route_to(url).host in silent)
    for url, following in zip(urls, (*urls[1:], ""), strict=True):
        failure = _fetch_from(url, wanted, path, show, say, limits)
        if not failure:
            return url
        failures[url] = failure
        silent |= {route_to(url).host} if failure.temporary else set()
        if following:
            say(f"{wanted.what}: {failure.cause}; asking {place(following)} instead")
    raise error_of(wanted, failures)


def _fetch_from(
    url: str, wanted: Wanted, path: Path, show: Show, say: Say, limits: Limits
) -> Failure | None:
    """Download a file from one address; return why that failed, None if it did not."""
    try:
        with landing(path) as file:
            _Download(wanted, url, path, file, show, say, limits).run()
            if failure := why_not(wanted, file):
                raise failure
    except Failure as failure:
        return failure
    return None


@contextmanager
def landing(path: Path) -> Iterator[BinaryIO]:
    """Yield a new file, which becomes `path` on success, and else is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = left_overs.new_file(path)
    try:
        with naming(path), os.fdopen(descriptor, "w+b") as file:
            yield file
            os.fsync(file.fileno())
        partial.chmod(0o644)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@dataclass
class _Download:
    """One file, in one attempt or several; a later one goes on where the one before was cut."""

    wanted: Wanted
    url: str
    path: Path  # what the file will be
    file: BinaryIO
    show: Show
    say: Say
    limits: Limits
    done: int = 0  # bytes that are in the file
    validator: str = ""
    asked: str = ""  # the address that was asked last: this one, or one that it redirects to

    def run(self) -> None:
        failures = most = 0
        while True:
            try:
                return self._attempt()
            except Exception as error:  # noqa: BLE001 - what it means is raised
                failure = self._failure(error)
                # Not more than in the attempt before, which may have begun again.
                gained = self.done - most >= self.limits.progress_bytes
                most = max(most, self.done)
                failures = 1 if gained else failures + 1
                if not failure.temporary or failures > len(self.limits.pauses_s):
                    raise failure from None
                self._wait(failure, failures)

    def _failure(self, error: Exception) -> Failure:
        """Return why an attempt failed; raise StageError if this machine is the cause."""
        route = route_to(self.asked)
        failure = failure_of(error, route)
        if isinstance(failure, StageError):
            raise failure from error
        if isinstance(error, HTTPError) and error.code == NO_SUCH_PART:
            self.validator = ""  # so that all of it is asked for
        return failure if self.asked == self.url else _redirected(failure, route.host)

    def _follow(self, address: str) -> None:
        self.asked = address

    def _wait(self, failure: Failure, failures: int) -> None:
        pause_s = (
            min(failure.pause_s, self.limits.max_pause_s) or self.limits.pauses_s[failures - 1]
        )
        attempts = len(self.limits.pauses_s) + 1
        self.say(
            f"{self.wanted.what}: {failure.cause}; trying again in {pause_s:g} s "
            f"({failures + 1} of {attempts})"
        )
        time.sleep(pause_s)

    def _attempt(self) -> None:
        self.asked = self.url
        with ask(self.url, self._range(), self.limits, self._follow) as answer:
            start = self._start_of(answer)
            self.file.seek(start)
            self.file.truncate()
            self.done = start
            # A part need not repeat what the whole was known by.
            self.validator = validator_of(answer.headers) or (self.validator if start else "")
            total = total_of(answer.headers, start)
            self._require_form(answer, total)
            self._receive(answer.read1, total)

    def _range(self) -> dict[str, str]:
        """Return the headers that ask for the rest, if the server can say whether it fits."""
        if not self.done or not self.validator:
            return {}
        return {"Range": f"bytes={self.done}-", "If-Range": self.validator}

    def _start_of(self, answer: HTTPResponse) -> int:
        """Return where in the file the answer begins."""
        if answer.status != 206:
            return 0
        part = answer.headers.get("Content-Range", "")
        same = validator_of(answer.headers) in ("", self.validator)
        if part.startswith(f"bytes {self.done}-") and same:
            return self.done
        self.validator = ""
        raise Failure("the server sent another part than was asked for", "try again later", True)

    def _require_form(self, answer: HTTPResponse, total: int) -> None:
        """Raise Failure if the answer's head says that it can't be what is wanted."""
        if answer.headers.get_content_type() == "text/html":
            raise Failure(LOGIN_PAGE, OPEN_IT)
        if self.wanted.size and total and total != self.wanted.size:
            is_page = is_web_page(answer.peek(BEGINNING_BYTES))
            raise Failure(LOGIN_PAGE, OPEN_IT) if is_page else other_size(total, self.wanted.size)
        if total > self.wanted.max_bytes:
            raise self._too_big()

    def _receive(self, read: Callable[[int], bytes], total: int) -> None:
        pace = _Pace(self.limits)
        while chunk := read(CHUNK_BYTES):
            with naming(self.path):
                self.file.write(chunk)
            self.done += len(chunk)
            if self.done > self.wanted.max_bytes:
                raise self._too_big()
            pace.add(len(chunk))
            self.show(self.done, total)
        if self.done < total:
            raise Failure("the server cut the connection", "try again later", True)
        with naming(self.path):
            self.file.flush()

    def _too_big(self) -> Failure:
        if self.wanted.size:
            return other_size(self.done, self.wanted.size)
        most = f"{self.wanted.max_bytes / MB:.0f} MB"
        return Failure(f"the server sends more than {most}", "check the address")


class _Pace:
    """Raises Failure if less comes in a while than a connection that works brings."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._began, self._bytes = time.monotonic(), 0

    def add(self, count: int) -> None:
        self._bytes += count
        now = time.monotonic()
        if now - self._began < self._limits.pace_s:
            return
        if self._bytes < self._limits.pace_bytes:
            raise Failure("the server sends too slowly", "try again later", True)
        self._began, self._bytes = now, 0


def _redirected(failure: Failure, host: str) -> Failure:
    """Return a Failure at an address that a server redirected to, which is none of the user's."""
    remedy = OTHER_MEANS if failure.remedy == ADDRESS else failure.remedy
    return replace(failure, cause=f"it redirects to {host}: {failure.cause}", remedy=remedy)
