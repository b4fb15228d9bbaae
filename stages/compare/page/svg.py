"""A picture's SVG as a part of a page: its ids its own, its colors those of the page."""

import re
from pathlib import Path

# The prologue of a file, which names a type of document and no page may repeat.
_PROLOGUE = re.compile(r"\A.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_ID = re.compile(r'\b(id="|xlink:href="#|href="#|url\(#)')
_SIZE = re.compile(r'\A<svg([^>]*?) (?:width|height)="[^"]*"')


def inlined(path: Path, described: str) -> str:
    """Return an SVG that this project wrote as an element of a page.

    `described` is what it shows, as HTML may have it: escaped.
    """
    text = _METADATA.sub("", _PROLOGUE.sub("", path.read_text(encoding="utf-8")))
    text = _ID.sub(lambda found: f"{found[1]}{path.stem}-", text)
    while _SIZE.search(text):
        text = _SIZE.sub(r"<svg\1", text)
    return text.replace("<svg", f'<svg role="img" aria-label="{described}"', 1)
