"""Which TensorFlow operations a SavedModel uses, and which of them no export may carry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

PYTHON = ("PyFunc", "PyFuncStateless", "EagerPyFunc", "NumpyFunction")
# They run Python of the process, or reach files, the network or other devices: a model that is
# handed on must compute and nothing else. Reading its own variables and vocabularies is allowed.
FORBIDDEN = frozenset(
    {
        *PYTHON,
        *("ReadFile", "WriteFile", "MatchingFiles", "DeleteFile", "CopyFile", "RenameFile"),
        *("FixedLengthRecordReaderV2", "TFRecordReaderV2", "TextLineReaderV2", "WholeFileReaderV2"),
        *("IdentityReaderV2", "LMDBReader", "TFRecordDatasetV2", "TFRecordDataset"),
        *("TextLineDataset", "FixedLengthRecordDataset", "FixedLengthRecordDatasetV2"),
        *("SqlDataset", "LoadDataset", "SaveDataset", "SaveDatasetV2", "DatasetToTFRecord"),
        *("RpcCall", "RpcServer", "RpcClient", "DecodeProtoV2", "EncodeProto", "DebugIdentityV2"),
        *("WriteSummary", "WriteGraphSummary", "CreateSummaryFileWriter", "CreateSummaryDbWriter"),
        *("PrintV2", "Print", "LoadLibrary", "XlaLaunch", "GeneratorDataset", "Send", "Recv"),
        *("_Send", "_Recv", "_HostSend", "_HostRecv", "RemoteCall", "DistributedSave"),
    }
)


def forbidden(graphs: Iterable[Any]) -> list[str]:
    """The operations of these GraphDefs, functions included, that no export may carry; sorted."""
    found = set()
    for graph in graphs:
        found |= {node.op for node in graph.node}
        for function in graph.library.function:
            found |= {node.op for node in function.node_def}
    return sorted(found & FORBIDDEN)
