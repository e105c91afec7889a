"""What a saved Spark pipeline's metadata tell before Spark is started."""

import json

import pytest

from converters.static import spark_stages
from converters.static.errors import Unreadable
from converters.static.verdicts import findings, readable
from converters.steps import preflight

FEATURE, MODEL = "org.apache.spark.ml.feature.", "org.apache.spark.ml.classification."
GOOD = [f"{FEATURE}VectorAssembler", f"{MODEL}LogisticRegressionModel"]


def stage(folder, kind, part="part-00000", **params):
    (folder / "metadata").mkdir(parents=True)
    told = {"class": kind, "sparkVersion": "3.5.1", "uid": folder.name, "paramMap": params}
    (folder / "metadata" / part).write_text(json.dumps(told) + "\n", encoding="utf-8")
    return folder


def pipeline(folder, kinds):
    uids = [f"uid{i}" for i in range(len(kinds))]
    stage(folder, "org.apache.spark.ml.PipelineModel", stageUids=uids)
    width = len(str(len(kinds)))
    for i, (kind, uid) in enumerate(zip(kinds, uids, strict=True)):
        stage(folder / "stages" / f"{i:0{width}d}_{uid}", kind)
    return folder


def logged(folder, kinds):
    pipeline(folder / "sparkml", kinds)
    (folder / "MLmodel").write_text(
        "flavors:\n  spark:\n    model_data: sparkml\n    pyspark_version: 3.5.1\n"
        'signature:\n  inputs: \'[{"type": "double", "name": "x"}]\'\n'
    )
    return folder


def answers(folder):
    verdicts = json.loads(preflight.run(folder))["verdicts"]
    return {one["target"]: one for one in verdicts if one["target"] in ("onnx", "pmml")}


def test_stages_are_read_in_their_order_however_many(tmp_path):
    kinds = [f"{FEATURE}Bucketizer"] * 11 + GOOD
    read = spark_stages.read(pipeline(tmp_path, kinds))
    assert [one.name for one in read.inside] == [kind.rpartition(".")[2] for kind in kinds]
    assert read.version == "3.5.1"


def test_pre_flight_says_yes_to_stages_that_are_written(tmp_path):
    told = answers(logged(tmp_path, GOOD))
    assert {one["answer"] for one in told.values()} == {"can"}
    assert {one["depth"] for one in told.values()} == {"files"}


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        (f"{FEATURE}SQLTransformer", "Compute its statement's columns before the model"),
        (f"{FEATURE}HashingTF", "Split and count words before the model"),
        ("org.apache.spark.ml.recommendation.ALSModel", "as a table"),
        (f"{FEATURE}SomethingNew", "replace it by a stage that converts"),
        ("com.example.Scaler", "none of Spark's own"),
    ],
)
def test_pre_flight_names_the_stage_that_is_in_the_way(tmp_path, kind, advice):
    told = answers(logged(tmp_path, [GOOD[0], kind, GOOD[1]]))
    for one in told.values():
        assert (one["answer"], one["code"]) == ("cannot", "spark_stage")
        assert kind.rpartition(".")[2] in one["sentence"]
        assert advice in one["sentence"]


def test_a_stage_inside_the_best_model_of_a_search_is_found(tmp_path):
    search = "org.apache.spark.ml.tuning.CrossValidatorModel"
    logged(tmp_path, [search])
    inner = tmp_path / "sparkml" / "stages" / "0_uid0" / "bestModel"
    pipeline(inner, [f"{FEATURE}Word2VecModel"])
    assert answers(tmp_path)["onnx"]["code"] == "spark_stage"


def test_a_vector_in_the_signature_is_no_obstacle(tmp_path):
    logged(tmp_path, GOOD)
    path = tmp_path / "MLmodel"
    path.write_text(path.read_text().replace("double", "sparkml_vector"))
    assert answers(tmp_path)["onnx"]["answer"] == "can"


def gone(folder):
    (folder / "metadata" / "part-00000").unlink()


def no_json(folder):
    (folder / "metadata" / "part-00000").write_text('{"class": ')


def no_stages(folder):
    (folder / "metadata" / "part-00000").write_text(
        '{"class": "org.apache.spark.ml.PipelineModel"}'
    )


def a_list(folder):
    (folder / "metadata" / "part-00000").write_text("[" * 100_000)


@pytest.mark.parametrize("spoil", [gone, no_json, no_stages, a_list])
def test_damaged_metadata_are_told_and_not_tripped_over(tmp_path, spoil):
    logged(tmp_path, GOOD)
    spoil(tmp_path / "sparkml")
    assert answers(tmp_path)["onnx"]["code"] == "model_unreadable"


def test_a_pipeline_inside_itself_ends(tmp_path):
    inner = pipeline(tmp_path, ["org.apache.spark.ml.PipelineModel"])
    for _ in range(spark_stages.DEEPEST + 2):
        inner = inner / "stages" / "0_uid0"
        if not (inner / "stages").exists():
            (inner / "metadata" / "part-00000").unlink()
            (inner / "metadata").rmdir()
            pipeline(inner, ["org.apache.spark.ml.PipelineModel"])
    with pytest.raises(Unreadable, match="nested"):
        spark_stages.read(tmp_path)


def test_a_folder_outside_of_the_model_is_not_read(tmp_path):
    pipeline(tmp_path / "other", [f"{FEATURE}HashingTF"])
    document = {"flavors": {"spark": {"model_data": "../other"}}}
    (tmp_path / "model").mkdir()
    assert not readable(tmp_path / "model", document, "spark")
    assert findings(tmp_path / "model", document, "spark") == []
