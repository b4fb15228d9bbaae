"""What someone who misspelt a name most likely meant."""

import difflib
from collections.abc import Iterable

from stages.program.printable import printable
from stages.setting.addresses import fit_to_show

# Characters of what was given that a message repeats.
MAX_SHOWN = 80
# What is longer is no slip of a name, and comparing it would take long.
MAX_LENGTH = 64
# What is part of many names says little.
MIN_PART = 3


def nearest(text: str, names: Iterable[str]) -> str:
    """Return the name that is most like `text`, in any case of letters; "" if none is like it.

    The shortest that begins with it is more so than one that has other letters.
    """
    if len(text) > MAX_LENGTH:
        return ""
    by_form = {_form(name): name for name in names}
    part = _form(text)
    containing = [form for form in by_form if len(part) >= MIN_PART and part in form]
    begun = sorted((form for form in containing if form.startswith(part)), key=len)
    similar = difflib.get_close_matches(part, by_form, n=1)
    found = [*begun[:1], *similar, *containing[-1:]]
    return by_form[found[0]] if found else ""


def did_you_mean(text: str, names: Iterable[str]) -> str:
    """Return the question whether the nearest of `names` was meant, "" if none is near."""
    name = nearest(text, names)
    return f"did you mean {name}?" if name else ""


def quoted(text: str, names: Iterable[str] = ()) -> str:
    """Return `text` in quotes, fit to be shown, with the nearest of `names` if one is near.

    It may be an address with a password, wherever something else was meant to be.
    """
    hint = did_you_mean(text, names)
    return f"'{printable(fit_to_show(text), MAX_SHOWN)}'" + (f" ({hint})" if hint else "")


def quoted_part(part: str, whole: str, names: Iterable[str] = ()) -> str:
    """Return a part of the list `whole` in quotes, as `quoted` does.

    If the list may be an address, whose password may have a comma, all of it is shown as one.
    """
    return quoted(part if fit_to_show(whole) == whole else whole, names)


def _form(name: str) -> str:
    return name.lower().replace("_", "-").lstrip("-")
