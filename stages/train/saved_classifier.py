"""A classifier as its maker saved it: loaded, with what it takes, and nothing asked of it yet."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import tensorflow as tf

from stages.errors import ModelError, StageError, from_os_error
from stages.files.given_module import keras_form
from stages.folder.full_disk import scratch_folder
from stages.train.keras_check import checked_apart
from stages.train.keras_config import EXPORT
from stages.train.keras_file import KerasFile
from stages.train.module_calls import reason_of, signature_layer, signature_name


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
    except StageError:  # of this machine
        raise
    except Exception as error:  # whose type depends on the model
        if refused := from_os_error(error):
            raise refused from error
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
    with scratch_folder("model-") as scratch:
        # Keras goes by the ending, which a container need not have.
        file = scratch / f"model{keras_form(path)}"
        shutil.copyfile(path, file)
        model = _loaded(file, checked_apart(file))
    inputs = model.inputs or []
    if len(inputs) != 1:
        raise ModelError(f"takes {len(inputs)} inputs; save it with one, the images, and built")
    takes = tf.TensorSpec(inputs[0].shape, inputs[0].dtype)
    return SavedClassifier(lambda images: model(images, training=False), takes)


def _loaded(file: Path, found: KerasFile) -> Any:
    keras = import_module(found.package)
    try:
        return keras.models.load_model(file, compile=False)
    except Exception as error:  # whose type depends on the model
        saved_by = f", which Keras {found.version} saved" if found.version else ""
        raise ModelError(
            f"can't be loaded by Keras {keras.__version__}{saved_by} ({reason_of(error)}); {EXPORT}"
        ) from error
