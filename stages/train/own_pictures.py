"""Pictures of the user's own, in a folder: those that are planned are read, one by one."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stages.pictures.classes import Picture
from stages.pictures.given import combined_sha256, content_of, listing_of, plan_for, sha256_of
from stages.samples import ImageShape, Samples
from stages.setting.values import recorded_data
from stages.settings import Settings
from stages.train.decoding import Decoded, UnreadableError
from stages.train.gathering import Findings, Gathered, Say, ShowProgress, image_or_why
from stages.train.loaded import Loaded

# Pictures that are decoded at once wait in memory for their turn.
CHUNK = 64


def load(settings: Settings, shape: ImageShape, progress: ShowProgress, say: Say) -> Loaded:
    """Return the pictures of a folder that the settings take; say what was passed over.

    Raises what `listing_of` and `plan_for` do.
    """
    path, listing = listing_of(settings.data)
    plan = plan_for(path, listing, settings.samples(), settings.seed)
    for line in listing.passed.in_words():
        say(line)
    reader = _Reader(path, shape, progress, sum(plan.sizes().values()))
    parts = {split: reader.read(split, plan.taken[split]) for split in plan.taken}
    for line in reader.findings.in_words():
        say(line)
    digest = combined_sha256(reader.digests)
    name = recorded_data(settings.data)
    read, found = sum(map(len, parts.values())), sum(plan.found.values())
    origin = f"{read} of {found} picture files in the folder {name}, files {digest[:12]}"
    return Loaded(parts, listing.classes, origin, plan, digest)


class _Reader:
    """Reads pictures of a folder, and keeps of each its hash."""

    def __init__(self, folder: Path, shape: ImageShape, progress: ShowProgress, total: int) -> None:
        self._folder, self._shape = folder, shape
        self._progress, self._total = progress, total
        self.findings = Findings()
        self.digests: list[tuple[str, str, str]] = []

    def read(self, split: str, pictures: Sequence[Picture]) -> Samples:
        """Return those that can be read, in their order."""
        gathered = Gathered([it.label for it in pictures], self._shape, self.findings)
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
            for start in range(0, len(pictures), CHUNK):
                chunk = pictures[start : start + CHUNK]
                for place, (digest, image) in enumerate(threads.map(self._one, chunk), start):
                    self.digests.append((split, pictures[place].name, digest))
                    gathered.put(place, pictures[place].name, image)
                    self._progress(len(self.digests), self._total)
        return gathered.samples()

    def _one(self, picture: Picture) -> tuple[str, Decoded | UnreadableError]:
        content = content_of(self._folder / picture.name)
        return sha256_of(content), image_or_why(content, self._shape)
