"""What each kind of data is loaded as, before it is cut into the four sets of images."""

from collections.abc import Mapping
from dataclasses import dataclass

from stages.pictures.plan import Plan
from stages.samples import Samples


@dataclass(frozen=True, slots=True)
class Loaded:
    """The images of train, validation and test, the names of the classes, and the origin in words.

    `plan` says which images were chosen, None if they were taken as they came; `files_sha256` is
    the hash of the files that they are, empty if they are no user's own.
    """

    parts: Mapping[str, Samples]
    classes: tuple[str, ...]
    origin: str
    plan: Plan | None = None
    files_sha256: str = ""
