"""Writes the Maven project of a bundle: typed records, the model's class, JUnit test and pom."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from string import Template

from converters.bundle.manifest import Manifest
from converters.java import batches, facts, inputs, outputs, pmml, tensors, tests
from converters.java.layout import laid_out
from converters.java.plan import Plan, plan
from converters.java.text import javadoc, string, xml

# What one call's memory may hold, and the most rows that are scored in one call.
BUFFER_BYTES = 8 << 20
MOST_ROWS = 4096
RUNTIMES = {
    "onnx": ("com.microsoft.onnxruntime", "onnxruntime"),
    "pmml": ("org.jpmml", "pmml-evaluator-metro"),
}
_UNREACHABLE = {
    "onnx": "c -> c == 0 || Character.isSurrogate((char) c)",
    "pmml": "c -> false",
}


# What the Maven repository serves: the same coordinates, and nothing of how it is built.
PUBLISHED_POM = "published-pom.xml"


def generate(manifest: Manifest, folder: Path) -> None:
    """Write the project into `folder`, beside which the bundle's model and golden rows lie.

    Equal manifests give equal bytes. `manifest.files` must hold the model file's sum; `folder`'s
    parent must hold the model file.

    Raises:
        Refused: a signature that Java code cannot carry, with what to change.
    """
    project = plan(manifest)
    main = folder / "src/main/java" / project.path
    test = folder / "src/test/java" / project.path
    size = (folder.parent / manifest.file).stat().st_size
    for path in (main, test):
        path.mkdir(parents=True)
    _write(folder / "pom.xml", "pom.xml", _pom_parts(project))
    _write(folder / PUBLISHED_POM, PUBLISHED_POM, _pom_parts(project))
    names = _names(project)
    _write(main / "ModelFile.java", "ModelFile.java", names | _sum_parts(manifest, size))
    _write_input(project, main)
    _write_model(project, main)
    _write(main / f"{project.prefix}Output.java", "Output.java", names | outputs.parts(project))
    _write(main / "Values.java", "Values.java", names | _text_checks(project))
    for name, parts in (
        ("Schema", facts.schema_parts(project)),
        ("Provenance", facts.provenance_parts(project)),
        ("Scorer", facts.scorer_parts(project)),
    ):
        _write(main / f"{project.prefix}{name}.java", f"{name}.java", names | parts)
    _write(main / "Csv.java", "Csv.java", names)
    golden = names | {"unreachable": _UNREACHABLE[manifest.target]}
    _write(test / "GoldenRows.java", "GoldenRows.java", golden)
    own = _OWN_MEMORY.substitute(names) if manifest.target == "onnx" else ""
    _write(
        test / f"{project.prefix}Benchmark.java",
        "Benchmark.java",
        names
        | {
            "own_memory": own,
            "own_setup": _OWN_SETUP.substitute(names) if own else "",
            "own_state": f"  private {project.prefix}Batch batch;\n" if own else "",
        },
    )
    _write(test / "GoldenInputs.java", "GoldenInputs.java", names | tests.input_parts(project))
    _write(test / "GoldenAnswers.java", "GoldenAnswers.java", names | tests.answer_parts(project))
    _write(
        test / f"{project.prefix}ModelTest.java",
        "ModelTest.java",
        names | tests.parts(project) | {"imports": _test_imports(project)},
    )


_OWN_SETUP = Template("""\
    batch = new ${prefix}Batch(rows);
    inputs.forEach(batch::put);
""")
_OWN_MEMORY = Template("""
  @Benchmark
  public ${prefix}Batch inMemoryOfTheCallersOwn() {
    model.score(batch);
    return batch;
  }
""")


def _sum_parts(manifest: Manifest, size: int) -> dict[str, str]:
    data = ", ".join(
        f"{string(name)}, {string(manifest.files[name])}" for name in manifest.data_files
    )
    return {
        "file": manifest.file,
        "sha256": manifest.files[manifest.file],
        "bytes": str(size),
        "data": data,
    }


def _write(path: Path, template: str, parts: dict[str, str]) -> None:
    text = (resources.files("converters.java") / "templates" / template).read_text("utf-8")
    text = Template(text).substitute(parts)
    text = laid_out(text) if path.suffix == ".java" else text
    path.write_text(text, encoding="utf-8", newline="\n")


def _names(project: Plan) -> dict[str, str]:
    return {"package": project.package, "prefix": project.prefix}


def _pom_parts(project: Plan) -> dict[str, str]:
    manifest = project.manifest
    group, artifact = RUNTIMES[manifest.target]
    return {
        "package": project.package,
        "prefix": project.prefix,
        "group": manifest.maven.group,
        "artifact": manifest.maven.artifact,
        "version": manifest.maven.version,
        "name": xml(f"{manifest.model} {manifest.version}"),
        "description": xml(manifest.description or _summary(manifest)),
        "runtime_group": group,
        "runtime_artifact": artifact,
        "runtime_version": manifest.runtime.split()[-1],
        "files": "".join(
            f"            <include>{xml(name)}</include>\n"
            for name in [manifest.file, *manifest.data_files]
        ),
        "path": project.path,
    }


def _summary(manifest: Manifest) -> str:
    return (
        f"Model {manifest.model}, version {manifest.version}, of {manifest.source}, "
        f"build {manifest.build}."
    )


def _write_input(project: Plan, main: Path) -> None:
    target = project.manifest.target
    path = main / f"{project.prefix}Input.java"
    names = _names(project)
    if project.shape == "tensor":
        _write(path, "TensorInput.java", names | tensors.parts(project))
    elif project.shape == "record":
        head = pmml.PUT if target == "pmml" else _PUT
        parts = inputs.record_parts(project) | {"put_javadoc": head}
        _write(path, "RecordInput.java", names | parts)
    else:
        body = "ManyPutPmml.java" if target == "pmml" else "ManyPutOnnx.java"
        code = (resources.files("converters.java") / "templates" / body).read_text("utf-8")
        _write(path, "ManyInput.java", names | inputs.many_parts(project) | {"put_code": code})


_PUT = """\
  /** Adds this row to the tensors: numbers at the buffers' positions, text by row. */
  void put(ByteBuffer[] numbers, String[][] texts, int row) {"""


def _write_model(project: Plan, main: Path) -> None:
    names = _names(project) | {"javadoc": _model_javadoc(project)}
    path = main / f"{project.prefix}Model.java"
    if project.manifest.target == "pmml":
        _write(path, "PmmlModel.java", names)
        _write(main / "Results.java", "Results.java", _names(project))
        return
    wide = sum(feed.width * batches.ONNX_TYPES[feed.dtype][1] for feed in project.feeds)
    rows = max(1, min(MOST_ROWS, BUFFER_BYTES // wide))
    _write(path, "OnnxModel.java", names | {"most_rows": str(rows)})
    own = _names(project)
    _write(main / f"{project.prefix}Batch.java", "Batch.java", own | batches.parts(project))
    _write(main / f"{project.prefix}Options.java", "Options.java", own)
    _write(main / "Feeds.java", "Feeds.java", own | batches.feed_parts(project))
    _write(main / "Tensors.java", "Tensors.java", own)


def _model_javadoc(project: Plan) -> str:
    manifest = project.manifest
    first = f" * {javadoc(_summary(manifest))}"
    proof = f"Its answers were proven against the original on {manifest.rows} rows, with "
    second = f" * <p>{proof}{javadoc(manifest.runtime)}."
    paragraphs = [first, second]
    if manifest.description.strip():
        paragraphs.insert(1, f" * <p>{javadoc(manifest.description)}")
    return "\n *\n".join(paragraphs)


def _text_checks(project: Plan) -> dict[str, str]:
    if project.manifest.target != "onnx":
        return {"text_check": "", "empty_check": ""}
    reachable = (
        "    if (value.chars().anyMatch(c -> c == 0 || Character.isSurrogate((char) c))) {\n"
        "      throw new IllegalArgumentException(\n"
        '          "`"\n              + column\n'
        '              + "` holds a character that ONNX Runtime\'s Java API garbles: one beyond "\n'
        '              + "U+FFFF, or a NUL");\n    }\n'
    )
    # The file has no null: there an empty text is a missing value, and answers as one.
    empty = (
        "      if (value.isEmpty()) {\n"
        "        throw new IllegalArgumentException(\n"
        '            "`" + column + "` must not be empty: give null where a value is missing");\n'
        "      }\n"
    )
    return {"text_check": reachable, "empty_check": empty}


def _test_imports(project: Plan) -> str:
    asserts = ["assertFalse", "assertThrows"]
    if project.texts and project.manifest.target == "onnx":
        asserts.append("assertTrue")
    needed = ["java.io.IOException", "java.util.ArrayList", "java.util.List", "java.util.Map"]
    needed += ["java.util.TreeMap"] + ["org.junit.jupiter.api." + n for n in _JUNIT]
    statics = "".join(
        f"import static org.junit.jupiter.api.Assertions.{name};\n" for name in asserts
    )
    return statics + "\n" + "".join(f"import {name};\n" for name in sorted(needed))


_JUNIT = ("AfterAll", "BeforeAll", "Test")
