"""The architecture of a model as JSON of Keras: whether it names nothing that could run code.

Keras imports any module, and calls any function, that such a JSON names. So it is held against a
list before Keras sees it.
"""

from typing import Any

from stages.errors import ModelError
from stages.program.printable import printable
from stages.train.keras_names import (
    ACTIVATIONS,
    CALLING,
    CLASSES,
    FUNCTIONS,
    MODELS,
    MODULES,
    NAMED_BY_KEY,
)

EXPORT = (
    "export it there as a SavedModel, which needs no code of yours, by `model.export('FOLDER')`, "
    "and give the folder"
)
MAX_SHOWN = 60
_CODE = ("Lambda", "__lambda__")
_FUNCTION = "function"
_OF_TF_1 = "compat.v1."
# What only training needs; Keras would make it of whatever classes it names.
_TRAINING = "compile_config"
# A key by which Keras knows a text that it reads as JSON again.
_HIDDEN = "_TYPE"


def require_known(config: Any) -> None:
    """Check what a model's JSON, as it was parsed, names at any depth.

    Raises ModelError, without the model's name, if it is no model, or for a class, an activation
    or a function that keras_names does not have.
    """
    if not isinstance(config, dict) or not _is_of(MODELS, config.get("class_name")):
        raise ModelError(f"holds no model that Keras saved whole; {EXPORT}")
    waiting = [(config, "")]
    while waiting:
        value, layer = waiting.pop()
        if isinstance(value, dict):
            layer = _name(value) or layer
            _require_object(value, layer)
            waiting.extend((inner, layer) for inner in value.values())
        elif isinstance(value, list):
            waiting.extend((inner, layer) for inner in value)


def _require_object(value: dict[str, Any], layer: str) -> None:
    for key in (_HIDDEN, _TRAINING):
        if value.get(key):
            raise _refused(f"has a {key}", layer)
    for key, named in value.items():
        _require_text(key, named, layer)
    if "class_name" in value:
        _require_class(value, layer)


def _require_text(key: str, named: Any, layer: str) -> None:
    """Raise ModelError if a text is to be looked up, and is none of those that may be."""
    ending = next((it for it in NAMED_BY_KEY if key.endswith(it)), None)
    if ending and isinstance(named, str) and named not in NAMED_BY_KEY[ending]:
        raise _refused(f"has {shown(named)} as {shown(key)}", layer)


def _require_class(value: dict[str, Any], layer: str) -> None:
    kind, config = value["class_name"], value.get("config")
    if kind in _CODE:
        raise ModelError(
            f"holds Python code, in {_layer('Lambda ', layer)}, which is not run; {EXPORT}"
        )
    names = ACTIVATIONS if kind == _FUNCTION else CLASSES
    name = config if kind == _FUNCTION else kind
    if not _is_of(names, name) or value.get("registered_name") not in (None, name):
        raise _refused(f"names {shown(name)}", layer)
    if not _is_of_keras(value.get("module")):
        raise _refused(f"names {shown(name)} of {shown(value['module'])}", layer)
    if kind in CALLING:
        _require_function(config, layer)


def _require_function(config: Any, layer: str) -> None:
    name = config.get(_FUNCTION) if isinstance(config, dict) else None
    known = name.removeprefix(_OF_TF_1) if isinstance(name, str) else name
    if not _is_of(FUNCTIONS, known):
        raise _refused(f"calls {shown(name)}", layer)


def _is_of(names: frozenset[str], name: Any) -> bool:
    """Return whether a name is one of these, or was in TensorFlow 1, which numbered some."""
    return isinstance(name, str) and (
        name in names or name.removesuffix("V1").removesuffix("V2") in names
    )


def _is_of_keras(module: Any) -> bool:
    return module is None or (isinstance(module, str) and module.removeprefix("tf_") in MODULES)


def _refused(what: str, layer: str) -> ModelError:
    return ModelError(
        f"{what}, in {_layer('', layer)}, which is none of what is taken from a file of "
        f"Keras; {EXPORT}"
    )


def _layer(kind: str, name: str) -> str:
    return f"the {kind}layer {shown(name)}" if name else f"a {kind}layer without a name"


def _name(value: dict[str, Any]) -> str:
    """Return the name of the layer that this is, empty if it is none."""
    config = value.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return name if isinstance(name, str) else ""


def shown(name: Any) -> str:
    """Return a name from a stranger's file, cut and cleaned for a message."""
    return printable(str(name), MAX_SHOWN)
