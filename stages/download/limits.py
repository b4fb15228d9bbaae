"""How long a download may take, how big it may be, and what it is."""

from dataclasses import dataclass

from stages.files.limits import MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What ends an attempt, in seconds, and how often it is tried.

    - `silence_s`: until a connection is there, and between two parts of an answer.
    - `answer_s`: until an answer begins, however many bytes come before.
    - `pace_s`, `pace_bytes`: fewest bytes in any such time.
    - `pauses_s`: before the second attempt, the third, ...; there is one attempt more than pauses.
    - `max_pause_s`: the longest that a server may ask to wait.
    - `progress_bytes`: an attempt that brings as much does not count as failed.
    """

    silence_s: float = 30.0
    answer_s: float = 60.0
    pace_s: float = 60.0
    pace_bytes: int = 60_000
    pauses_s: tuple[float, ...] = (1.0, 2.0, 4.0)
    max_pause_s: float = 60.0
    progress_bytes: int = MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file to download.

    - `url`: where it is; `copies`: where else, in the order in which they are asked.
    - `what`: the file, for people; `setting`: the setting that asks for it.
    - `max_bytes`: the most that is taken; the size, if that is known.
    - `algorithm`, `digest`: the checksum, empty if it is not known.
    - `by_hand`: what a user can do who got the file by other means, as an order; empty if nothing.
    """

    url: str
    what: str
    setting: str
    max_bytes: int
    size: int | None = None
    algorithm: str = "sha256"
    digest: str = ""
    copies: tuple[str, ...] = ()
    by_hand: str = ""
