"""Variables with something like the prefix of this project's, which would set nothing."""

import difflib
import re
from collections.abc import Iterable

# VGG19_ with a letter or digit missing or doubled, or two in another order, and with other signs.
# Without any number, or with another one, it is most likely another program's.
_LIKE_PREFIX = re.compile(
    r"(?:V{1,2}G{1,3}|GVG{1,2}|GG)[\W_]*(?:19|91|1|9|119|199)(?!\d)[\W_]*", re.IGNORECASE
)
_SIGNS = re.compile(r"[\W_]")
# One slip in a short name.
SIMILAR = 0.85


def is_like_ours(variable: str) -> bool:
    """Return whether a variable begins with the prefix, or something like it."""
    return bool(_LIKE_PREFIX.match(variable))


def meant_by(variable: str, names: Iterable[str]) -> str:
    """Return which of `names`, all with the prefix, a variable was meant to be; "" if none."""
    by_form = {_form(name): name for name in names}
    form = _form(variable) if is_like_ours(variable) else ""
    similar = difflib.get_close_matches(form, by_form, 1, SIMILAR)
    return by_form.get(form, by_form[similar[0]] if similar else "")


def _form(name: str) -> str:
    """Return a name without prefix and signs."""
    return _SIGNS.sub("", _LIKE_PREFIX.sub("", name, count=1)).upper()
