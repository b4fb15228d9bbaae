"""Pages as compare writes them, and what is in them."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from stages.artifacts import Artifacts
from stages.compare.effects import compare
from stages.compare.inputs import RuntimeProfile
from stages.compare.page.seen import Seen
from stages.files.checksums import write_checksums
from stages.samples import Samples
from stages.stage_folders import CompareFolder


class Page(HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def values(self, *names: str) -> Iterator[str]:
        return (value for name, value in self.attributes if name in names)


def write(profiles: list[RuntimeProfile], folder: Path, artifacts: Artifacts | None = None) -> Page:
    from stages.compare.draw import draw
    from stages.compare.page.render import write_page

    folder.mkdir(parents=True)
    out, seen = CompareFolder(folder), Seen(compare(profiles), profiles)
    draw(out, seen)
    write_page(out, seen, artifacts or Artifacts(folder / "none"))
    return Page(out.page.read_text(encoding="utf-8"))


def with_images(root: Path, labels: list[int]) -> Artifacts:
    """Return artifacts with a test split of these labels."""
    artifacts = Artifacts(root)
    images = np.random.default_rng(1).integers(0, 255, (len(labels), 224, 224, 3), np.uint8)
    Samples(images, np.asarray(labels, np.int64)).save(artifacts.train.test)
    write_checksums(artifacts.train.path)
    return artifacts
