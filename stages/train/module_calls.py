"""How a saved module is called: by which signature, by which input, and what it returns."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from stages.errors import ModelError
from stages.program.printable import printable
from stages.train.limited import limited

MAX_REASON = 240
DEFAULT_SIGNATURE = "serving_default"


def signature_layer(module: Any, name: str) -> Callable[[Any], Any]:
    """Return a function of images that calls a signature by the name of its input.

    Raises ModelError, without the module's name, if it has several.
    """
    inputs = list(module.signatures[name].structured_input_signature[1])
    if len(inputs) != 1:
        shown = printable(", ".join(inputs), MAX_REASON)
        raise ModelError(f"takes {len(inputs)} inputs ({shown}); export it with one, the images")

    # By way of the module, which keeps the variables that the signature reads.
    return lambda images: module.signatures[name](**{inputs[0]: images})


def signature_name(names: list[str]) -> str:
    """Return the signature to call; ModelError, without the module's name, if it is not clear."""
    if DEFAULT_SIGNATURE in names:
        return DEFAULT_SIGNATURE
    if len(names) != 1:
        known = printable(", ".join(names), MAX_REASON)
        has = f"has the signatures {known}" if names else "has no signature"
        raise ModelError(
            f"can't be called, and {has}; export it with the one signature {DEFAULT_SIGNATURE}"
        )
    return names[0]


def called(layer: Any, images: Any, unanswered: str, refused: str, remedy: str) -> Any:
    """Return what a model returns for a batch of images.

    Raises ModelError, which begins with `unanswered` if that takes too long, and with `refused` if
    the model raises an error, whose type depends on it.
    """
    try:
        return limited(lambda: layer(tf.constant(images)), unanswered)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{refused} ({reason_of(error)}); {remedy}") from error


def only(outputs: Any) -> Any:
    """Return the one tensor of a list or a dict, else what is given."""
    values = list(outputs.values()) if isinstance(outputs, Mapping) else outputs
    return values[0] if isinstance(values, list | tuple) and len(values) == 1 else outputs


def in_words(value: Any) -> str:
    """Return what something is that should be a tensor of another kind."""
    if isinstance(value, tf.Tensor):
        return f"a tensor of {value.dtype.name}"
    if isinstance(value, Mapping):
        return printable(f"several tensors ({', '.join(map(str, value))})", MAX_REASON)
    return "several tensors"


# How TensorFlow names a file: as bytes, with the way to it here.
_FILE = re.compile(r"\bb'(?:[^']*/)?([^'/]+)'")


def reason_of(error: Exception) -> str:
    """Return the library's own reason on one line, as part of a longer one.

    What Keras puts before it is left out, and where in a container a file is.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    own = [line for line in lines if not line.startswith("Exception encountered when calling")]
    said = _FILE.sub(r"\1", own[0]).rstrip(".") if own else "no reason given"
    return printable(f"{type(error).__name__}: {said}", MAX_REASON)
