"""What a drawing is made of: lines, marks and words of an SVG, as text.

A drawing is written by hand as the image that measures has no matplotlib; so it takes no package
more, and the check of a bundle makes the very same text again.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias
from xml.sax.saxutils import escape, quoteattr

from stages.program.printable import printable

# Pixels from the left and from the top.
At: TypeAlias = tuple[float, float]
FONT, MAX_TEXT = 17, 400
INK, PALE = "#222222", "#dddddd"
# About how wide a letter is, as a fraction of the font's size.
LETTER = 0.53


def document(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    """Return a whole drawing, in black on white."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" aria-label={quoteattr(_clean(title))} '
        f'font-family="DejaVu Sans, Arial, sans-serif" font-size="{FONT}">'
    )
    background = f'<rect width="{width:g}" height="{height:g}" fill="white"/>'
    return "\n".join([head, background, *parts, "</svg>"]) + "\n"


def text(
    at: At, words: str, anchor: str = "start", color: str = INK, weight: str = "normal"
) -> str:
    """Return words whose start, middle or end is at a place, with a white rim on what is below."""
    x, y = at
    rim = 'stroke="white" stroke-width="4" paint-order="stroke"'
    style = f'{rim} text-anchor="{anchor}" fill="{color}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(_clean(words))}</text>'


def upright(at: At, words: str) -> str:
    """Return words that run upwards, with their middle at a place."""
    x, y = at
    turned = f'transform="rotate(-90 {x:.1f} {y:.1f})"'
    return text(at, words, "middle").replace("<text ", f"<text {turned} ", 1)


def line(points: Sequence[At], color: str, width: float = 1.0) -> str:
    """Return a line through several places."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="{width:g}"/>'


def ring(at: At, radius: float, color: str) -> str:
    """Return a ring around a place."""
    return (
        f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius:g}" fill="none" stroke="{color}" '
        'stroke-width="2.5"/>'
    )


def cross(at: At, radius: float, color: str) -> str:
    """Return a cross over a place."""
    (x, y), r = at, radius
    strokes = ((-r, -r, r, r), (-r, r, r, -r))
    path = " ".join(f"M{x + a:.1f},{y + b:.1f} L{x + c:.1f},{y + d:.1f}" for a, b, c, d in strokes)
    return f'<path d="{path}" fill="none" stroke="{color}" stroke-width="2"/>'


# The corners of each kind of mark, around its middle.
MARKS: tuple[Sequence[At], ...] = (
    ((-4, -4), (4, -4), (4, 4), (-4, 4)),
    ((0, -6), (6, 5), (-6, 5)),
    ((0, -6), (6, 0), (0, 6), (-6, 0)),
    ((0, 6), (6, -5), (-6, -5)),
    ((-5, -2), (-2, -5), (2, -5), (5, -2), (5, 2), (2, 5), (-2, 5), (-5, 2)),
    ((-6, -6), (0, -2), (6, -6), (2, 0), (6, 6), (0, 2), (-6, 6), (-2, 0)),
)


def mark(at: At, kind: int, color: str) -> str:
    """Return a mark at a place; there are as many kinds as MARKS has, which then come again."""
    corners = MARKS[kind % len(MARKS)]
    places = " ".join(f"{at[0] + x:.1f},{at[1] + y:.1f}" for x, y in corners)
    return f'<polygon points="{places}" fill="{color}"/>'


def letters_in(width: float) -> int:
    """Return about how many letters a line of this many pixels has room for."""
    return int(width / (FONT * LETTER))


def _clean(words: str) -> str:
    """Return a stranger's text without what would not be shown."""
    return printable(words, MAX_TEXT)
