"""Puts a frozen graph into one form: the same network always gives the same bytes.

TensorFlow's freezing leaves constants in the order of a hash table and wraps them in numbered
Identity nodes; here every node that the output does not need goes, the others are ordered by what
they need, and their names say what they are.
"""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

_CALL = "StatefulPartitionedCall/"


def tidied(graph_def: Any, output: str) -> Any:
    """Returns a GraphDef of the nodes that the node `output` needs, without Identity nodes.

    Names lose the prefixes of inlined calls; a constant is called after the node that reads it.
    """
    nodes = {node.name: node for node in graph_def.node}
    order = list(_needed(_source(output, nodes), nodes))
    names = _names(order, nodes)
    tidy = tf.compat.v1.GraphDef(versions=graph_def.versions, library=graph_def.library)
    for name in order:
        node = tidy.node.add()
        node.CopyFrom(nodes[name])
        node.name = names[name]
        del node.input[:]
        node.input.extend(_renamed(each, names) for each in _sources(nodes[name], nodes))
    return tidy


def _needed(output: str, nodes: dict[str, Any]) -> Iterator[str]:
    """Yields the names of the nodes that `output` needs and its own, each after its inputs."""
    done: set[str] = set()
    stack = [(output, iter(_sources(nodes[output], nodes)))]
    while stack:
        name, inputs = stack[-1]
        following = next((each for each in map(_node, inputs) if each not in done), None)
        if following is not None:
            stack.append((following, iter(_sources(nodes[following], nodes))))
            continue
        stack.pop()
        if name not in done:
            done.add(name)
            yield name


def _sources(node: Any, nodes: dict[str, Any]) -> list[str]:
    # Control inputs order side effects; a frozen network has none.
    return [_source(each, nodes) for each in node.input if not each.startswith("^")]


def _source(tensor: str, nodes: dict[str, Any]) -> str:
    """Returns the tensor that this one copies, through any number of Identity nodes."""
    while nodes[_node(tensor)].op == "Identity":
        tensor = nodes[_node(tensor)].input[0]
    return tensor.removesuffix(":0")


def _node(tensor: str) -> str:
    return tensor.split(":")[0]


def _names(order: list[str], nodes: dict[str, Any]) -> dict[str, str]:
    names = {name: name for name in order}
    taken: set[str] = set()
    for name in order:
        short = name.rsplit(_CALL, 1)[-1]
        if nodes[name].op != "Const" and short not in taken:
            names[name] = short
            taken.add(short)
    for reader in order:
        for index, tensor in enumerate(_sources(nodes[reader], nodes)):
            if nodes[_node(tensor)].op == "Const":
                names[_node(tensor)] = f"{names[reader]}/constant_{index}"
    return names


def _renamed(tensor: str, names: dict[str, str]) -> str:
    name, colon, output = tensor.partition(":")
    return names[name] + colon + output
