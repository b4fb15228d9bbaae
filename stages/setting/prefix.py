"""Variables with something like this project's names, which would set nothing."""

import difflib
import re
from collections.abc import Collection, Iterable

from stages.errors import SettingsError
from stages.program.printable import printable
from stages.setting.suggestion import MAX_SHOWN

# VGG19_ with a letter or digit missing or doubled, or two in another order, and with other signs.
# Without any number, or with another one, it is most likely another program's.
_LIKE_PREFIX = re.compile(
    r"(?:V{1,2}G{1,3}|GVG{1,2}|GG)[\W_]*(?:19|91|1|9|119|199)(?!\d)[\W_]*", re.IGNORECASE
)
_SIGNS = re.compile(r"[\W_]")
# One slip in a short name, and at most one in a name of ten characters.
SIMILAR, VERY_SIMILAR = 0.85, 0.9


def is_like_ours(variable: str) -> bool:
    """Return whether a variable begins with the prefix, or something like it."""
    return bool(_LIKE_PREFIX.match(variable))


def meant_by(variable: str, names: Iterable[str]) -> str:
    """Return which of `names`, all with the prefix, a variable was meant to be; "" if none."""
    by_form = {_form(name): name for name in names}
    form = _form(variable) if is_like_ours(variable) else ""
    similar = difflib.get_close_matches(form, by_form, 1, SIMILAR)
    return by_form.get(form, by_form[similar[0]] if similar else "")


def similar_to(variable: str, names: Collection[str]) -> str:
    """Return which of a few whole names a variable was most likely meant to be, "" if none.

    One that only goes on where the variable ends is more likely than others as similar.
    """
    given = variable.upper()
    meant = difflib.get_close_matches(given, names, len(names), VERY_SIMILAR)
    return next((name for name in meant if name.startswith(given)), meant[0] if meant else "")


def refuse_misspelt(variables: Iterable[str], names: Collection[str]) -> None:
    """Raise SettingsError for a variable that is none of a few names, and like one of them."""
    for variable in sorted({*variables} - {*names}):
        if meant := similar_to(variable, names):
            shown = printable(variable, MAX_SHOWN)
            raise SettingsError(f"{shown} is no variable (did you mean {meant}?); unset it")


def _form(name: str) -> str:
    """Return a name without prefix and signs."""
    return _SIGNS.sub("", _LIKE_PREFIX.sub("", name, count=1)).upper()
