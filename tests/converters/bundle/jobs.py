"""Job directories as a worker leaves them for the bundle step: small models, judged for real."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from converters import contract, golden, parity
from converters.contract import Column, Input, Output, OutputKind, Signature, Tensor

OPSETS = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
DTYPES = {"boolean": "bool", "integer": "int32", "long": "int64", "float": "float32"}
DTYPES |= {"double": "float64", "string": "string"}
TENSORS = {
    "bool": TensorProto.BOOL,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "float32": TensorProto.FLOAT,
    "float64": TensorProto.DOUBLE,
    "string": TensorProto.STRING,
}
CITIES = {"Zürich": 0.5, "Łódź": -1.25, "東京": 2.0, "": -0.75}


def write_job(folder, graph, signature, inputs, outputs, rows, answers, *, external="", **identity):
    """A job directory up to the judge's report, with the verdict that converters.parity gives."""
    from converters.targets import onnx as target

    convert, judge = folder / contract.CONVERT_DIR, folder / contract.JUDGE_DIR
    for path in (convert, judge):
        path.mkdir(parents=True)
    file, data = convert / "model.onnx", [external] if external else []
    beside = {"save_as_external_data": True, "location": external, "size_threshold": 64}
    onnx.save(graph, file, **(beside if external else {}))
    scorer = target.open(file, data)
    verdicts = parity.judge(rows, answers, scorer.score(rows, inputs, outputs), outputs, True)
    assert {verdict.verdict for verdict in verdicts} == {"passed"}, verdicts
    identity = {"source": "prod", "model": "fraud-scoring", "version": "7"} | identity
    request = contract.Request("sklearn", "onnx", contract.Identity(**identity), build=2)
    contract.write(request, folder / contract.REQUEST_FILE)
    converted = contract.ConvertReport(
        "converted",
        file="model.onnx",
        file_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        signature=signature,
        inputs=inputs,
        outputs=outputs,
        exact=True,
        facts=scorer.facts,
        versions={"onnx": onnx.__version__},
        data_files={
            name: hashlib.sha256((convert / name).read_bytes()).hexdigest() for name in data
        },
        seconds={"convert": 0.123},
    )
    contract.write(converted, convert / contract.REPORT_FILE)
    count = len(next(iter(rows.values())))
    judged = contract.JudgeReport(
        "proven",
        rows=count,
        parity=verdicts,
        runtime=scorer.runtime,
        batches=[count, 1],
        seconds={"score": 0.456},
    )
    contract.write(judged, judge / contract.REPORT_FILE)
    golden.write(judge / "golden", rows, answers)
    return folder


def mixed_job(folder, rows=40, **identity):
    """A classifier over mixed columns: text with nulls and umlauts, NaN, long, boolean, float."""
    types = {"größe (cm)": "double", "city": "string", "n": "long", "on": "boolean"}
    types["class"] = "float"
    nullable = {"größe (cm)", "city"}
    signature = Signature([Column(name, kind) for name, kind in types.items()])
    inputs = [Input(n, DTYPES[t], [n], n in nullable) for n, t in types.items()]
    random = np.random.default_rng(5)
    # No empty text: the file would read it as a missing one, so the judge leaves such rows out.
    cities = np.array([*filter(None, CITIES), None, "Ulm"], dtype=object)
    values = {
        "größe (cm)": np.where(random.random(rows) < 0.2, np.nan, random.normal(size=rows)),
        "city": random.choice(cities, rows),
        "n": random.integers(-3, 4, rows),
        "on": random.random(rows) < 0.5,
        "class": random.normal(size=rows).astype(np.float32),
    }
    outputs = [
        Output("label", OutputKind.LABEL, "string", 0, ["nein", "schön"]),
        Output(
            "probabilities",
            OutputKind.PROBABILITIES,
            "float64",
            2,
            ["nein", "schön"],
            "predict_proba",
        ),
    ]
    height = np.where(np.isnan(values["größe (cm)"]), 0.25, values["größe (cm)"])
    town = np.array([CITIES.get(c or "", 0.0) for c in values["city"]], dtype=np.float32)
    z = height + town + values["n"] + values["on"] + values["class"].astype(np.float64)
    p = 1 / (1 + np.exp(-z))
    answers = {
        "label": np.array(["schön" if hit else "nein" for hit in p > 0.5], dtype=object),
        "probabilities": np.column_stack([1 - p, p]),
    }
    graph = _mixed_graph(inputs)
    return write_job(folder, graph, signature, inputs, outputs, values, answers, **identity)


def _mixed_graph(inputs):
    n = helper.make_node
    nodes = [
        n("IsNaN", ["größe (cm)"], ["nan"]),
        n("Where", ["nan", "quarter", "größe (cm)"], ["c0"]),
        n(
            "LabelEncoder",
            ["city"],
            ["town"],
            domain="ai.onnx.ml",
            keys_strings=list(CITIES),
            values_floats=list(CITIES.values()),
            default_float=0.0,
        ),
        *(
            n("Cast", [name], [f"c{i}"], to=TensorProto.DOUBLE)
            for i, name in enumerate(["town", "n", "on", "class"], 1)
        ),
        n("Sum", [f"c{i}" for i in range(5)], ["z"]),
        n("Sigmoid", ["z"], ["p"]),
        n("Sub", ["one", "p"], ["q"]),
        n("Concat", ["q", "p"], ["probabilities"], axis=1),
        n("ArgMax", ["probabilities"], ["best"], axis=1, keepdims=0),
        n(
            "LabelEncoder",
            ["best"],
            ["label"],
            domain="ai.onnx.ml",
            keys_int64s=[0, 1],
            values_strings=["nein", "schön"],
        ),
    ]
    return make_model(
        nodes,
        [helper.make_tensor_value_info(i.name, TENSORS[i.dtype], ["N", 1]) for i in inputs],
        [
            helper.make_tensor_value_info("label", TensorProto.STRING, ["N"]),
            helper.make_tensor_value_info("probabilities", TensorProto.DOUBLE, ["N", 2]),
        ],
        {"quarter": [[0.25]], "one": [[1.0]]},
    )


def make_model(nodes, inputs, outputs, constants):
    """An ONNX model; constants are double tensors."""
    tensors = [
        helper.make_tensor(k, TensorProto.DOUBLE, np.shape(v), np.ravel(v))
        for k, v in constants.items()
    ]
    graph = helper.make_graph(nodes, "g", inputs, outputs, tensors)
    return helper.make_model(graph, opset_imports=OPSETS, ir_version=9)


def wide_job(folder, columns, rows=8, feeds="tensor", kind="double", tensor=False, **identity):
    """A regressor over many columns of one type, or over a bare tensor of that width."""
    width = len(columns)
    weights = np.arange(1, width + 1) / width
    random = np.random.default_rng(7)
    dtype = DTYPES[kind]
    matrix = (random.normal(size=(rows, width)) * 3).astype(dtype)
    if tensor:
        signature = Signature(tensor=contract.Tensor("", dtype, [-1, width]))
        inputs, values = [Input("X", dtype, ["X"])], {"X": matrix}
    else:
        signature = Signature([Column(name, kind) for name in columns])
        values = {name: matrix[:, i] for i, name in enumerate(columns)}
        inputs = [Input("X", dtype, list(columns))]
        if feeds == "columns":
            inputs = [Input(name, dtype, [name]) for name in columns]
    n = helper.make_node
    nodes = [n("Cast", ["X"], ["x"], to=TensorProto.DOUBLE)]
    if feeds == "columns":
        nodes = [n("Concat", list(columns), ["all"], axis=1), nodes[0]]
        nodes[1].input[0] = "all"
    nodes += [n("MatMul", ["x", "w"], ["prediction"])]
    shapes = [(i, width if len(inputs) == 1 else 1) for i in inputs]
    model = make_model(
        nodes,
        [helper.make_tensor_value_info(i.name, TENSORS[i.dtype], ["N", k]) for i, k in shapes],
        [helper.make_tensor_value_info("prediction", TensorProto.DOUBLE, ["N"])],
        {"w": weights},
    )
    outputs = [Output("prediction", OutputKind.VALUES, "float64")]
    answers = {"prediction": matrix.astype(np.float64) @ weights}
    return write_job(folder, model, signature, inputs, outputs, values, answers, **identity)


def rewrite(path: Path, kind, **changes):
    """Change fields of a document of a job directory."""
    contract.write(dataclasses.replace(contract.read(kind, path), **changes), path)


def picture_job(folder, rows=30, external="", **identity):
    """Two tensors in, a picture and numbers, and two out, one of them with two axes."""
    signature = Signature(
        tensors=[Tensor("picture", "float32", [-1, 2, 3, 3]), Tensor("class", "int64", [-1, 4])]
    )
    inputs = [
        Input("picture", "float32", ["picture"], shape=[2, 3, 3]),
        Input("class", "int64", ["class"], shape=[4]),
    ]
    outputs = [
        Output("sums", OutputKind.VALUES, "float64", 6, shape=[2, 3]),
        Output("total", OutputKind.VALUES, "int64"),
    ]
    random = np.random.default_rng(9)
    values: dict[str, Any] = {
        "picture": random.normal(size=(rows, 18)).astype(np.float32),
        "class": random.integers(0, 9, (rows, 4)),
    }
    weights = random.normal(size=(1, 2, 3)).astype(np.float64)
    pictures = values["picture"].reshape(rows, 2, 3, 3).astype(np.float64)
    answers = {
        "sums": (pictures.sum(axis=3) * weights).reshape(rows, 6),
        "total": values["class"].sum(axis=1),
    }
    n = helper.make_node
    nodes = [
        n("Cast", ["picture"], ["wide"], to=TensorProto.DOUBLE),
        n("ReduceSum", ["wide", "last"], ["rows"], keepdims=0),
        n("Mul", ["rows", "weights"], ["sums"]),
        n("ReduceSum", ["class", "first"], ["total"], keepdims=0),
    ]
    constants = {
        "last": np.array([3], np.int64),
        "first": np.array([1], np.int64),
        "weights": weights,
    }
    graph = helper.make_graph(
        nodes,
        "picture",
        [helper.make_tensor_value_info(i.name, TENSORS[i.dtype], ["N", *i.shape]) for i in inputs],
        [helper.make_tensor_value_info(o.name, TENSORS[o.dtype], ["N", *o.shape]) for o in outputs],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, ir_version=10, opset_imports=OPSETS)
    return write_job(
        folder, model, signature, inputs, outputs, values, answers, external=external, **identity
    )


def targets_job(folder, **identity):
    """A forest of two targets of text, each with classes of its own."""
    from sklearn.ensemble import RandomForestClassifier

    from converters.routes import onnx_file
    from converters.sources.loaded import Loaded

    values = np.random.default_rng(5).normal(size=(120, 2))
    first = np.where(values[:, 0] > 0.5, "a long word", np.where(values[:, 1] > 0, "a", "b"))
    labels = np.column_stack([first, np.where(values[:, 1] > 0.5, "x", "y")])
    model = RandomForestClassifier(5, max_depth=3, random_state=0).fit(values, labels)
    signature = Signature(tensor=Tensor("X", "float64", [-1, 2]))
    loaded = Loaded("sklearn", model, {}, folder, signature)
    request = contract.Request("sklearn", "onnx", contract.Identity("prod", "targets", "1"))
    folder.mkdir(parents=True)
    written = onnx_file.write(loaded, request, folder)
    graph = onnx.load(folder / written.file)
    (folder / written.file).unlink()
    rows = {"X": values}
    answers = loaded.answer(rows, written.outputs)
    return write_job(
        folder, graph, signature, written.inputs, written.outputs, rows, answers, **identity
    )


def named_job(folder, columns, words, labels, **identity):
    """A classifier whose names are what a test wants: a text column of known words, then doubles.

    Its class is the number of the word plus the sum of the other columns, modulo the classes.
    """
    random = np.random.default_rng(5)
    text, *numbers = columns
    signature = Signature([Column(text, "string"), *(Column(name, "double") for name in numbers)])
    inputs = [Input(text, "string", [text])]
    inputs += [Input(name, "float64", [name]) for name in numbers]
    rows = {text: random.choice(np.array(words, dtype=object), 12)}
    rows |= {name: random.integers(0, 9, 12).astype(np.float64) for name in numbers}
    n, ml = helper.make_node, "ai.onnx.ml"
    known: Any = {"keys_strings": list(words), "values_floats": np.arange(float(len(words)))}
    spelled: Any = {"keys_int64s": list(range(len(labels))), "values_strings": list(labels)}
    nodes = [
        n("LabelEncoder", [text], ["crossport:word"], domain=ml, **known),
        n("Cast", ["crossport:word"], ["crossport:first"], to=TensorProto.DOUBLE),
        n("Sum", ["crossport:first", *numbers], ["crossport:sum"]),
        n("Mod", ["crossport:sum", "crossport:count"], ["crossport:rest"], fmod=1),
        n("Cast", ["crossport:rest"], ["crossport:place"], to=TensorProto.INT64),
        n("LabelEncoder", ["crossport:place"], ["crossport:name"], domain=ml, **spelled),
        n("Reshape", ["crossport:name", "crossport:flat"], ["crossport:label"]),
    ]
    graph = helper.make_graph(
        nodes,
        "named",
        [helper.make_tensor_value_info(one.name, TENSORS[one.dtype], ["N", 1]) for one in inputs],
        [helper.make_tensor_value_info("crossport:label", TensorProto.STRING, ["N"])],
        [
            helper.make_tensor("crossport:count", TensorProto.DOUBLE, [1, 1], [len(labels)]),
            helper.make_tensor("crossport:flat", TensorProto.INT64, [1], [-1]),
        ],
    )
    total = np.array([words.index(word) for word in rows[text]], dtype=np.float64)
    total = total + sum(rows[name] for name in numbers)
    answers = np.array([labels[int(one) % len(labels)] for one in total], dtype=object)
    outputs = [Output("crossport:label", OutputKind.LABEL, "string", 0, list(labels))]
    job = write_job(
        folder,
        helper.make_model(graph, opset_imports=OPSETS, ir_version=9),
        signature,
        inputs,
        outputs,
        rows,
        {"crossport:label": answers},
        **identity,
    )
    domain = contract.Domain(text, categories=list(words), closed=True)
    report = job / contract.CONVERT_DIR / contract.REPORT_FILE
    rewrite(report, contract.ConvertReport, domains=[domain])
    return job


def closed_job(folder, target="onnx"):
    """A real classifier over a city of three known ones, an age that may be missing, a number."""
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    from tests.converters import jobs

    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "city": random.choice(["Ulm", "New York", "3rd"], 80),
            "age": random.uniform(18, 80, 80),
            "n": random.integers(0, 9, 80),
        }
    )
    table.loc[::7, "age"] = np.nan
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="error"), ["city"]),
        (make_pipeline(SimpleImputer(), StandardScaler()), ["age", "n"]),
    )
    model = make_pipeline(columns, LogisticRegression())
    model.fit(table, np.where(table["n"] > 4, "yes", "no no"))
    saved = jobs.save(folder / "saved", model, table)
    job = jobs.make_job(folder / "job", saved, target=target, rows=300, build=1)
    assert jobs.convert(job).state == "converted"
    assert jobs.judge(job).state == "proven"
    return job
