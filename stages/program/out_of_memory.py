"""How programs say that there is no memory left for them, and what a user can do about it.

Standard library only, as stages/errors uses it.
"""

import errno

from stages.program.causes import causes_of

# Words of the system, of C++, of TensorFlow, and of ONNX Runtime, in small letters.
WORDS = (
    "cannot allocate memory",
    "std::bad_alloc",
    "oom when allocating",
    "failed to allocate memory",
)
ASK_FOR_LESS = "ask for a smaller batch, or fewer isas, precisions or instances"


def says_out_of_memory(text: str) -> bool:
    """Return whether a program's words say that no memory is left."""
    lowered = text.lower()
    return any(words in lowered for words in WORDS)


def cause_of(error: BaseException) -> BaseException | None:
    """Return the error, or the one that led to it, that says that no memory is left; else None."""
    return next(filter(_says_it, causes_of(error)), None)


def _says_it(error: BaseException) -> bool:
    is_system = isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM
    return is_system or says_out_of_memory(str(error))
