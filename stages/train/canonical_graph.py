"""The canonical form of a frozen graph: the same network always gives the same bytes.

TensorFlow's freezing leaves constants in the order of a hash table and wraps them in numbered
Identity nodes. Here every node that the output does not need is removed, the others are ordered by
what they need, and each name says what the node is.
"""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

_CALL = "StatefulPartitionedCall/"
# Ops that only copy. IdentityN marks a gradient of an activation's own, which only the process that
# traced it knows, and without which TensorFlow saves no such node.
_COPYING = ("Identity", "IdentityN")


def canonical_form(graph_def: Any, output: str, name: str) -> Any:
    """Return a GraphDef of the nodes that the node `output` needs, without those that copy.

    What gives its value is called `name`. The other names lose the prefixes of inlined calls; a
    constant is named after the node that reads it.
    """
    nodes = {node.name: node for node in graph_def.node}
    order = list(_inputs_first(_source(output, nodes), nodes))
    names = _names(order, nodes, name)
    canonical = tf.compat.v1.GraphDef(versions=graph_def.versions, library=graph_def.library)
    for node_name in order:
        node = canonical.node.add()
        node.CopyFrom(nodes[node_name])
        node.name = names[node_name]
        del node.input[:]
        node.input.extend(_renamed(tensor, names) for tensor in _sources(nodes[node_name], nodes))
    return canonical


def _inputs_first(output: str, nodes: dict[str, Any]) -> Iterator[str]:
    """Yield `output` and the names of all nodes that it needs, each after its inputs."""
    done: set[str] = set()
    stack = [(output, iter(_sources(nodes[output], nodes)))]
    while stack:
        name, tensors = stack[-1]
        waiting = next((node for node in map(_node_name, tensors) if node not in done), None)
        if waiting is not None:
            stack.append((waiting, iter(_sources(nodes[waiting], nodes))))
            continue
        stack.pop()
        if name not in done:
            done.add(name)
            yield name


def _sources(node: Any, nodes: dict[str, Any]) -> list[str]:
    # Control inputs order side effects; a frozen network has none.
    return [_source(tensor, nodes) for tensor in node.input if not tensor.startswith("^")]


def _source(tensor: str, nodes: dict[str, Any]) -> str:
    """Return the tensor that this one copies, through any number of nodes that only copy."""
    while (node := nodes[_node_name(tensor)]).op in _COPYING:
        tensor = node.input[int(tensor.partition(":")[2] or 0)]
    return tensor.removesuffix(":0")


def _node_name(tensor: str) -> str:
    return tensor.split(":")[0]


def _names(order: list[str], nodes: dict[str, Any], last: str) -> dict[str, str]:
    """Return the new name of each node by its old one; the last in order gets the name `last`."""
    names = {name: name for name in order}
    names[order[-1]] = last
    taken = {last}
    for name in order[:-1]:
        short = name.rsplit(_CALL, 1)[-1]
        if nodes[name].op != "Const" and short not in taken:
            names[name] = short
            taken.add(short)
    for reader in order:
        for index, tensor in enumerate(_sources(nodes[reader], nodes)):
            if nodes[_node_name(tensor)].op == "Const":
                names[_node_name(tensor)] = f"{names[reader]}/constant_{index}"
    return names


def _renamed(tensor: str, names: dict[str, str]) -> str:
    name, colon, output = tensor.partition(":")
    return names[name] + colon + output
