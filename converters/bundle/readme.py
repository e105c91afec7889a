"""README.md of a bundle: how to use it from Java and from Python, and what was proven."""

from __future__ import annotations

from converters import catalog
from converters.bundle.manifest import Manifest, Verdict
from converters.contract import Input, OutputKind
from converters.java.plan import Field, Plan, plan


def readme(manifest: Manifest) -> str:
    """The text of README.md, Markdown."""
    java = manifest.has_java
    title = f"# {_plain(manifest.model)} {_plain(manifest.version)}, build {manifest.build}"
    about = (
        f"The model `{_plain(manifest.model)}`, version {_plain(manifest.version)}, of "
        f"`{_plain(manifest.source)}`, converted from {manifest.flavor} to "
        f"{manifest.target.upper()} and proven to answer like the original."
    )
    sections = [title, about]
    if manifest.description.strip():
        sections.append("> " + _plain(manifest.description))
    sections += [_java(plan(manifest))] if java else []
    if manifest.lacks_java:
        sections.append(
            f"## Java\n\nNo Java is generated for this model: {_plain(manifest.lacks_java)}"
        )
    sections += [_python(manifest), _proof(manifest, java), _files(manifest, java)]
    return "\n\n".join(sections) + "\n"


def _java(project: Plan) -> str:
    maven, prefix = project.manifest.maven, project.prefix
    runtime = project.runtime
    needs = ""
    if runtime.needs:
        library = f"`{runtime.group}:{runtime.artifact}`, {runtime.version(project.manifest)}"
        needs = f"\n**What it runs on:** {library}. {runtime.needs}\n"
    return (
        "## Java\n\nJava 17 or newer, Maven 3.8 or newer. Build it, run its test, install it:\n\n"
        "```sh\ncd java\nmvn install\n```\n\n"
        "```xml\n<dependency>\n"
        f"  <groupId>{maven.group}</groupId>\n  <artifactId>{maven.artifact}</artifactId>\n"
        f"  <version>{maven.version}</version>\n</dependency>\n```\n\n"
        f"```java\nimport {project.package}.{prefix}Input;\n"
        f"import {project.package}.{prefix}Model;\nimport {project.package}.{prefix}Output;\n\n"
        f"try (var model = {prefix}Model.load()) {{\n{_call(project)}}}\n```\n\n"
        "Keep the model open and share it between threads. Score lists rather than rows one by "
        f"one. `{prefix}Schema` and `{prefix}Provenance` say at run time what it takes, and where "
        f"it comes from.\n\n{runtime.hot_path(project)}"
        "From the command line, and how fast it is on your machine (JMH):\n\n"
        f"```sh\njava -jar target/{maven.artifact}-{maven.version}.jar --csv in.csv\n"
        f"mvn -P benchmark test\n```\n{runtime.terms}{needs}"
    ).rstrip()


def _call(project: Plan) -> str:
    name = f"{project.prefix}Input"
    answer = f"  {project.prefix}Output output = model.score(input);\n"
    samples = {"String": '"…"', "boolean": "true", "int": "0", "long": "0L", "float": "0.0f"}
    if project.shape == "tensor":
        values = ", ".join(f"/* {f.size} values */" for f in project.fields)
        return f"  var input = new {name}({values});\n{answer}"
    shown = project.fields[:5]
    if project.shape == "record":
        lines = [f"          .{f.name}({_sample(name, f, samples)})\n" for f in shown]
    else:
        lines = [f'          .set("{f.column}", {samples.get(f.type, "0.0")})\n' for f in shown]
    if len(project.fields) > len(shown):
        lines.append(f"          // … and {len(project.fields) - len(shown)} more\n")
    return f"  var input =\n      {name}.builder()\n{''.join(lines)}          .build();\n{answer}"


def _sample(name: str, field: Field, samples: dict[str, str]) -> str:
    if field.closed is not None:
        return f"{name}.{field.closed.name}.{next(iter(field.closed.constants.values()))}"
    return samples.get(field.type, "0.0")


def _python(manifest: Manifest) -> str:
    first = (
        "## Python\n\nWhere Crossport is installed, `crossport verify .` checks every sum and "
        "scores the golden rows. To score it yourself:\n\n"
    )
    if manifest.target == "pmml":
        return first + (
            "```python\nfrom jpmml_evaluator import make_evaluator\n\n"
            f'evaluator = make_evaluator("{manifest.file}").verify()\n'
            "answers = evaluator.evaluateAll(frame)  # a pandas DataFrame of the columns\n```"
        )
    if manifest.target != "onnx":
        target = catalog.target(manifest.target)
        runtime = target.runtime if target else manifest.runtime
        return (
            f"## Opening it\n\n`{manifest.file}` is read by {runtime}; it was proven on "
            f"`{manifest.runtime}`. {target.opening if target else ''}\n\nWhere Crossport is "
            "installed, `crossport verify .` checks every sum and scores the golden rows."
        )
    inputs = "\n".join(
        f"    {item.name!r}: ...,  # {item.dtype}, shape {_shape(manifest, item)}"
        for item in manifest.inputs[:5]
    )
    rest = len(manifest.inputs) - 5
    inputs += f"\n    # … and {rest} more" if rest > 0 else ""
    outputs = ", ".join(repr(output.name) for output in manifest.outputs)
    return first + (
        "```python\nimport onnxruntime\n\n"
        f'session = onnxruntime.InferenceSession("{manifest.file}")\n'
        f"answers = session.run([{outputs}], {{\n{inputs}\n}})\n```{_missing(manifest)}"
    )


def _shape(manifest: Manifest, item: Input) -> str:
    """A column each, or the one tensor's own width where the signature has no columns."""
    tensor = manifest.signature.tensor
    widths = item.shape or (tensor.shape[1:] if tensor else [max(1, len(item.columns))])
    return f"[{', '.join(['N', *map(str, widths)])}]"


def _missing(manifest: Manifest) -> str:
    if not any(item.nullable and item.dtype == "string" for item in manifest.inputs):
        return ""
    return "\n\nAn empty string stands for missing text, NaN for a missing number."


def _proof(manifest: Manifest, java: bool) -> str:
    target = catalog.target(manifest.target)
    in_jvm = target is not None and target.in_jvm
    where = "in a JVM" if in_jvm else "in Python"
    head = (
        f"## What was proven\n\nOn {manifest.rows} rows, in one batch and one at a time, "
        f"`{manifest.runtime}` {where} gave the original's answers:\n\n"
        "| output | verdict | compared | furthest off | allowed |\n|---|---|---|---|---|\n"
    )
    rows = "".join(_row(verdict) for verdict in manifest.parity)
    excluded = "".join(
        f"\n{count} rows were left out: {_plain(why)}."
        for why, count in sorted(manifest.excluded.items())
    )
    notes = "".join(f"\n- {_plain(note)}" for note in manifest.notes)
    jvm = "In the JVM: proven, by this very comparison" if in_jvm else "In the JVM: not proven yet"
    if manifest.java:
        rows_run = manifest.jvm_parity[0].rows
        jvm = (
            f"In the JVM: proven. The Java in this bundle was compiled, and gave {rows_run} golden "
            f"rows the original's answers on Java {manifest.java}, in one batch and one at a time"
        )
    if java:
        jvm += (
            f"; `mvn verify` proves it on your machine, on the {manifest.golden.rows} golden rows"
        )
    return (
        f"{head}{rows}\n{jvm}. `parity.html` shows the whole comparison."
        f"{excluded}{chr(10) if notes else ''}{notes}"
    )


def _row(verdict: Verdict) -> str:
    if verdict.kind is OutputKind.LABEL:
        ties = f", {verdict.ties} ties" if verdict.ties else ""
        worst, allowed = f"{verdict.mismatches} differ{ties}", "none differs"
    else:
        worst = f"{verdict.max_abs:.1e}"
        allowed = f"{verdict.tolerance_abs:.1e}"
        if verdict.tolerance_rel:
            allowed += f" or {verdict.tolerance_rel:.0e} of the value"
    name, judged = f"`{_plain(verdict.name)}`", f"✔ {verdict.verdict}"
    return f"| {name} | {judged} | {verdict.rows} rows | {worst} | {allowed} |\n"


def _files(manifest: Manifest, java: bool) -> str:
    data = "".join(f"| `{name}` | tensors that it reads |\n" for name in manifest.data_files)
    project = "| `java/` | the Maven project; it takes the model and the rows from here |\n"
    return (
        "## What is here\n\n"
        "| file | what it is |\n|---|---|\n"
        f"| `{manifest.file}` | the model |\n{data}"
        "| `golden/` | rows and the original's answers, exact to the bit |\n"
        f"{project if java else ''}"
        "| `parity.html`, `parity.json` | what was compared, with which tolerance |\n"
        "| `manifest.json` | where all this comes from, and the sum of every file |\n"
        "| `SHA256SUMS` | `sha256sum -c SHA256SUMS` |\n"
        "| `LICENSES/` | whose terms apply to what |"
    )


def _plain(text: str) -> str:
    """One line of text that is no Markdown."""
    words = " ".join(text.split())
    return "".join(f"\\{c}" if c in "`|<>[]*#\\" else c for c in words)
