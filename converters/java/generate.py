"""Writes the Maven project of a bundle: typed records, the model's class, JUnit test and pom."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from string import Template

from converters import catalog
from converters.bundle.manifest import Manifest
from converters.errors import Refused
from converters.java import facts, inputs, outputs, runtimes, tensors, tests
from converters.java.layout import laid_out
from converters.java.plan import Plan, plan
from converters.java.text import javadoc, string, xml

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
    golden = names | {"unreachable": project.runtime.unreachable}
    _write(test / "GoldenRows.java", "GoldenRows.java", golden)
    benchmark = names | project.runtime.benchmark(project)
    _write(test / f"{project.prefix}Benchmark.java", "Benchmark.java", benchmark)
    _write(test / "GoldenInputs.java", "GoldenInputs.java", names | tests.input_parts(project))
    _write(test / "GoldenAnswers.java", "GoldenAnswers.java", names | tests.answer_parts(project))
    _write(
        test / f"{project.prefix}ModelTest.java",
        "ModelTest.java",
        names | tests.parts(project) | {"imports": _test_imports(project)},
    )


def lacking(manifest: Manifest) -> str:
    """Why no Java can be generated for a bundle that is published without it; empty where it can.

    Raises:
        Refused: the same of a target whose bundles never lack it.
    """
    target = catalog.target(manifest.target)
    if target is None or not target.java:
        return ""
    try:
        plan(manifest)
    except Refused as refused:
        if not target.may_lack_java:
            raise
        return refused.sentence
    return runtimes.of(manifest.target).lacks(manifest)


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
    text = _filled(template, parts)
    text = laid_out(text) if path.suffix == ".java" else text
    path.write_text(text, encoding="utf-8", newline="\n")


def _filled(template: str, parts: dict[str, str]) -> str:
    text = (resources.files("converters.java") / "templates" / template).read_text("utf-8")
    return Template(text).substitute(parts)


def _names(project: Plan) -> dict[str, str]:
    return {"package": project.package, "prefix": project.prefix}


def _pom_parts(project: Plan) -> dict[str, str]:
    manifest = project.manifest
    runtime = project.runtime
    return {
        "package": project.package,
        "prefix": project.prefix,
        "group": manifest.maven.group,
        "artifact": manifest.maven.artifact,
        "version": manifest.maven.version,
        "name": xml(f"{manifest.model} {manifest.version}"),
        "description": xml(manifest.description or _summary(manifest)),
        "runtime_group": runtime.group,
        "runtime_artifact": runtime.artifact,
        "runtime_version": runtime.version(manifest),
        "runtime_said": runtime.said,
        "unneeded": _exclusions(runtime.unneeded),
        "files": "".join(
            f"            <include>{xml(name)}</include>\n"
            for name in [manifest.file, *manifest.data_files]
        ),
        "path": project.path,
    }


def _exclusions(groups: tuple[str, ...]) -> str:
    """What of a runtime's own dependencies a build need not fetch."""
    if not groups:
        return ""
    each = "".join(
        "        <exclusion>\n"
        f"          <groupId>{group}</groupId>\n          <artifactId>*</artifactId>\n"
        "        </exclusion>\n"
        for group in groups
    )
    return f"      <exclusions>\n{each}      </exclusions>\n"


def _summary(manifest: Manifest) -> str:
    return (
        f"Model {manifest.model}, version {manifest.version}, of {manifest.source}, "
        f"build {manifest.build}."
    )


def _write_input(project: Plan, main: Path) -> None:
    path = main / f"{project.prefix}Input.java"
    names = _names(project)
    if project.shape == "tensor":
        _write(path, "TensorInput.java", names | tensors.parts(project))
    elif project.shape == "record":
        _write(path, "RecordInput.java", names | inputs.record_parts(project))
    else:
        _write(path, "ManyInput.java", names | inputs.many_parts(project))


def _write_model(project: Plan, main: Path) -> None:
    names = _names(project)
    names |= {"javadoc": _model_javadoc(project), "loading": _filled("Loading.java", names)}
    for source in project.runtime.sources(project):
        name = f"{project.prefix}{source.name}" if source.own else source.name
        _write(main / f"{name}.java", source.template, names | source.parts)


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
    runtime = project.runtime
    return {"text_check": runtime.text_check, "empty_check": runtime.empty_check}


def _test_imports(project: Plan) -> str:
    asserts = ["assertFalse", "assertThrows"]
    if project.texts and project.runtime.garbles:
        asserts.append("assertTrue")
    needed = ["java.io.IOException", "java.util.ArrayList", "java.util.List", "java.util.Map"]
    needed += ["java.util.TreeMap"] + ["org.junit.jupiter.api." + n for n in _JUNIT]
    statics = "".join(
        f"import static org.junit.jupiter.api.Assertions.{name};\n" for name in asserts
    )
    return statics + "\n" + "".join(f"import {name};\n" for name in sorted(needed))


_JUNIT = ("AfterAll", "BeforeAll", "Test")
