"""The operators that a TensorFlow SavedModel uses, told from `saved_model.pb`."""

from __future__ import annotations

from converters.static import wire
from converters.static.errors import Unreadable

# SavedModel.meta_graphs, MetaGraphDef.meta_info_def, .stripped_op_list, OpList.op, OpDef.name.
META_GRAPHS, META_INFO, OP_LIST, OP, NAME = 2, 1, 2, 1, 1


def operators(content: bytes) -> set[str]:
    """Names of the operators.

    Raises:
        Unreadable: no SavedModel.
    """
    found = set()
    graphs = 0
    for graph in wire.messages(memoryview(content), META_GRAPHS):
        graphs += 1
        for operator in wire.messages(graph, META_INFO, OP_LIST, OP):
            found |= {wire.text(value) for number, value in wire.fields(operator) if number == NAME}
    if not graphs:
        raise Unreadable("it is no SavedModel: it holds no graph")
    return found
