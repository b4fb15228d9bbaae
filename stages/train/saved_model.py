"""A SavedModel without what differs from process to process."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from tensorflow.core.protobuf.saved_model_pb2 import SavedModel


def normalise(path: Path) -> None:
    """Rewrite the SavedModel in the folder `path`, so that a model always gives the same bytes.

    Functions are numbered in order instead of by a counter of the process, functions and maps are
    sorted, and the fingerprint is removed: it has a random identifier, and TensorFlow does not
    need it.
    """
    file = path / "saved_model.pb"
    saved = SavedModel()
    saved.ParseFromString(file.read_bytes())
    for meta in saved.meta_graphs:
        _rename_functions(meta)
    file.write_bytes(saved.SerializeToString(deterministic=True))
    (path / "fingerprint.pb").unlink(missing_ok=True)


def _rename_functions(meta: Any) -> None:
    functions = meta.graph_def.library.function
    functions.sort(key=_counter)
    names = {
        function.signature.name: f"{function.signature.name.rpartition('_')[0]}_{rank}"
        for rank, function in enumerate(functions)
    }
    for function in functions:
        function.signature.name = names[function.signature.name]
    for node in chain(meta.graph_def.node, *(function.node_def for function in functions)):
        node.op = names.get(node.op, node.op)
        for reference in _references(node):
            reference.name = names.get(reference.name, reference.name)
    _rename_objects(meta.object_graph_def, names)


def _counter(function: Any) -> int:
    return int(function.signature.name.rpartition("_")[2])


def _references(node: Any) -> Iterator[Any]:
    for attribute in node.attr.values():
        if attribute.HasField("func"):
            yield attribute.func
        yield from attribute.list.func


def _rename_objects(graph: Any, names: dict[str, str]) -> None:
    for old, new in names.items():
        if old in graph.concrete_functions:
            graph.concrete_functions[new].CopyFrom(graph.concrete_functions[old])
            del graph.concrete_functions[old]
    for node in graph.nodes:
        renamed = [names[name] for name in node.function.concrete_functions]
        if renamed:
            node.function.concrete_functions[:] = renamed
        bare = node.bare_concrete_function
        if bare.concrete_function_name:
            bare.concrete_function_name = names[bare.concrete_function_name]
