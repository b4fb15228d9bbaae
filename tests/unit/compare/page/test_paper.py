"""The page on paper, where nothing can be opened."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.unit.compare.page.pages import write
from tests.unit.compare.profiles import profiled
from tests.unit.records import measured, profile

pytestmark = pytest.mark.image


class OnPaper(HTMLParser):
    """The words that are shown on paper alone."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words, self._depth = "", 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "div" and (self._depth or ("class", "on-paper") in attrs):
            self._depth += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "div" and self._depth:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        self.words += data if self._depth else ""


def test_each_cell_that_ran_has_its_proof_in_a_paragraph(tmp_path: Path) -> None:
    cells = (measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 20.0))
    words = OnPaper(write(profiled(profile(*cells)), tmp_path / "compare").text).words
    for name in ("FP32 at AVX2: ", "INT8 at AVX2: "):
        assert words.count(name) == 1
    assert words.count("oneDNN says it is capped at") == len(cells)
