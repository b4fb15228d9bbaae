"""A classifier as its maker saved it: loaded, with what it takes, and nothing asked of it yet."""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import tensorflow as tf

from stages.errors import ModelError
from stages.files.given_module import KERAS_MODEL, KERAS_VERSION, keras_form
from stages.folder.full_disk import scratch_folder
from stages.program.printable import printable
from stages.train.module_calls import reason_of, signature_layer, signature_name

KERAS, TF_KERAS = "keras", "tf_keras"
_EXPORT = (
    "export it there as a SavedModel, which needs no code of yours, by `model.export('FOLDER')`, "
    "and give the folder"
)


@dataclass(frozen=True, slots=True)
class SavedClassifier:
    """`call` maps a batch of images to what the model returns; `takes` is the spec of the batch."""

    call: Callable[[Any], Any]
    takes: tf.TensorSpec


def load_saved(path: Path, name: str) -> SavedClassifier:
    """Load a file of Keras, or the folder of a SavedModel.

    Raises ModelError, which calls it the model `name`, if it can't be loaded or called.
    """
    try:
        return _of_folder(path) if path.is_dir() else _of_keras(path)
    except ModelError as error:
        raise ModelError(f"the model {name} {error}") from error
    except Exception as error:  # whose type depends on the model
        remedy = "give a TF2 SavedModel that this version of TensorFlow can load"
        raise ModelError(
            f"the model {name} can't be loaded by TensorFlow {tf.__version__} "
            f"({reason_of(error)}); {remedy}"
        ) from error


def _of_folder(folder: Path) -> SavedClassifier:
    """Return a SavedModel by its signature, else as it is called."""
    module = tf.saved_model.load(str(folder))
    names = list(module.signatures)
    traces = getattr(getattr(module, "__call__", None), "concrete_functions", [])  # noqa: B004
    if names or not traces:
        name = signature_name(names)
        call = signature_layer(module, name)
        (takes,) = module.signatures[name].structured_input_signature[1].values()
        return SavedClassifier(call, takes)
    inputs = tf.nest.flatten(traces[0].structured_input_signature)
    if len(inputs) != 1:
        raise ModelError(f"takes {len(inputs)} inputs; export it with one, the images")
    return SavedClassifier(lambda images: module(images), inputs[0])


def _of_keras(path: Path) -> SavedClassifier:
    _refuse_code(path)
    with scratch_folder("model-") as scratch:
        # Keras goes by the ending, which a container need not have.
        file = scratch / f"model{keras_form(path)}"
        shutil.copyfile(path, file)
        model = _loaded(file)
    inputs = model.inputs or []
    if len(inputs) != 1:
        raise ModelError(f"takes {len(inputs)} inputs; save it with one, the images, and built")
    takes = tf.TensorSpec(inputs[0].shape, inputs[0].dtype)
    return SavedClassifier(lambda images: model(images, training=False), takes)


def _loaded(file: Path) -> Any:
    keras = import_module(TF_KERAS if TF_KERAS in _member(file, KERAS_MODEL) else KERAS)
    try:
        return keras.models.load_model(file, compile=False)
    except Exception as error:  # whose type depends on the model
        raise ModelError(
            f"can't be loaded by Keras {keras.__version__}{_saved_by(file)} ({reason_of(error)}); "
            f"{_EXPORT}"
        ) from error


def _saved_by(file: Path) -> str:
    """Return which Keras saved a file, if that is known."""
    text = _member(file, KERAS_VERSION)
    version = json.loads(text).get("keras_version", "") if text else ""
    return f", which Keras {printable(str(version), 20)} saved" if version else ""


def _member(file: Path, name: str) -> str:
    """Return a text in a .keras; empty for the other form."""
    if not zipfile.is_zipfile(file):
        return ""
    with zipfile.ZipFile(file) as archive:
        return archive.read(name).decode(errors="replace")


def _refuse_code(path: Path) -> None:
    """Raise ModelError for an HDF5 file with Python code, which Keras would run as it loads it.

    In the other form, Keras itself refuses it.
    """
    if keras_form(path) != ".h5":
        return
    import h5py

    with h5py.File(path) as file:
        text = file.attrs.get("model_config")
    if text is None:
        raise ModelError("holds weights alone; save the whole model, by `model.save`")
    if "Lambda" in _classes(json.loads(text)):
        raise ModelError(f"holds Python code, in a Lambda layer, which is not run; {_EXPORT}")


def _classes(config: Any) -> Iterator[str]:
    """Yield the names of the classes of all layers in a model's JSON."""
    if isinstance(config, dict):
        yield str(config.get("class_name"))
    inner = config.values() if isinstance(config, dict) else config
    for part in inner if isinstance(config, dict | list) else ():
        yield from _classes(part)
