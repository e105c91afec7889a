"""parity.html: the comparison as a page of its own, offline, without script, light and dark."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from importlib import resources
from string import Template

from converters.bundle.histogram import histogram, histogram_table
from converters.bundle.manifest import JVM_NOT_PROVEN, Manifest
from converters.bundle.pictures import confusion, scatter
from converters.contract import (
    ConvertReport,
    JudgeReport,
    Options,
    OutputKind,
    OutputParity,
    Request,
    WorstRow,
)

# More columns than this make a table that nobody reads; parity.json has them all.
SHOWN_FEATURES = 12
# What a missing or infinite answer in place of a number counts as (converters/parity.py).
LARGEST = 1e300
_MARKS = {
    "passed": ("good", "✔", "proven"),
    "failed": ("bad", "✕", "failed"),
    "not_checked": ("dim", "○", "not checked"),
}


@dataclass(frozen=True)
class Subject:
    """What the page is about: a bundle, or a conversion that was refused and has no build.

    widths: output name → numbers a row.
    """

    source: str
    model: str
    version: str
    build: int
    target: str
    exact: bool
    seed: int
    run: str
    options: Options
    facts: dict[str, str]
    widths: dict[str, int]
    golden: int = 0
    jvm: str = ""


def subject_of(manifest: Manifest) -> Subject:
    """A bundle's page is about what its manifest says."""
    return Subject(
        source=manifest.source,
        model=manifest.model,
        version=manifest.version,
        build=manifest.build,
        target=manifest.target,
        exact=manifest.exact,
        seed=manifest.seed,
        run=manifest.run,
        options=manifest.options,
        facts=manifest.facts,
        widths={output.name: output.width for output in manifest.outputs},
        golden=manifest.golden.rows,
        jvm=f"{manifest.jvm}, on {manifest.jvm_parity[0].rows:,} golden rows, Java {manifest.java}"
        if manifest.java
        else manifest.jvm,
    )


def subject_of_job(request: Request, converted: ConvertReport) -> Subject:
    """The page of a conversion that was judged and has no bundle."""
    identity = request.identity
    return Subject(
        source=identity.source,
        model=identity.model,
        version=identity.version,
        build=0,
        target=request.target,
        exact=converted.exact,
        seed=request.seed,
        run=identity.run_id,
        options=request.options,
        facts=converted.facts,
        widths={output.name: output.width for output in converted.outputs},
    )


def page(subject: Subject, judged: JudgeReport) -> str:
    """The page as HTML; every value from outside is escaped, nothing is loaded from anywhere."""
    template = resources.files("converters.bundle") / "templates" / "parity.html"
    style = (resources.files("converters.bundle") / "templates" / "parity.css").read_text("utf-8")
    proven = judged.state == "proven"
    return Template(template.read_text("utf-8")).substitute(
        style=style,
        title=escape(f"{subject.model} {subject.version}"),
        source=escape(subject.source),
        model=escape(subject.model),
        version=escape(subject.version),
        what=f"build {subject.build}" if subject.build else "not published",
        target=escape(subject.target.upper()),
        mark='<span class="good"><span aria-hidden="true">✔</span> proven</span>'
        if proven
        else '<span class="bad"><span aria-hidden="true">✕</span> refused</span>',
        lead=_lead(judged) if proven else escape(judged.sentence),
        widened=_widened(subject.options),
        facts=_facts(subject, judged),
        summary="\n".join(
            _summary_row(parity) for parity in [*judged.parity, *_at_lengths(judged)]
        ),
        # What failed is what its reader came for.
        outputs="\n".join(
            _output(parity, subject)
            for parity in sorted(judged.parity, key=lambda one: one.verdict == "passed")
        ),
    )


def _at_lengths(judged: JudgeReport) -> list[OutputParity]:
    """The verdicts at other lengths of free axes, a line each."""
    return [
        replace(parity, name=f"{parity.name}, rows of {one.title}")
        for one in judged.lengths
        for parity in one.parity
    ]


def _lead(judged: JudgeReport) -> str:
    count = len(judged.parity)
    outputs = "Its one output answers" if count == 1 else f"All {count} outputs answer"
    return (
        f"{outputs} like the original on {judged.rows:,} rows, scored by "
        f"{escape(judged.runtime)} in Python."
    )


def _widened(options: Options) -> str:
    """The warning on a page whose tolerance is not the usual one."""
    if not options.tolerance:
        return ""
    return (
        f'<p class="bad">The tolerance for numbers was set to {options.tolerance:g} by whoever '
        "asked for this export; it is not the usual one.</p>"
    )


def _facts(subject: Subject, judged: JudgeReport) -> str:
    batches = ", ".join(f"{size:,}" for size in judged.batches)
    facts = {
        "Rows compared": f"{judged.rows:,}",
        "Batch sizes": batches,
        "Golden rows in this bundle": f"{subject.golden:,}" if subject.build else "",
        "Runtime": judged.runtime,
        "In the JVM": {JVM_NOT_PROVEN: "not proven yet"}.get(subject.jvm, subject.jvm),
        "Arithmetic": "double throughout" if subject.exact else "float32 somewhere",
        "Run": subject.run,
        "Sampling seed": str(subject.seed),
    }
    facts |= {
        f"Left out: {why}": f"{n:,} row{'s' if n > 1 else ''}"
        for why, n in sorted(judged.excluded.items())
    }
    facts |= dict(sorted(subject.facts.items()))
    facts |= {f"Version of {key}": value for key, value in sorted(judged.versions.items())}
    return "\n".join(
        f"<div><dt>{escape(key)}</dt><dd>{escape(value)}</dd></div>"
        for key, value in facts.items()
        if value
    )


def _mark(verdict: str) -> str:
    kind, shape, word = _MARKS.get(verdict, ("dim", "○", verdict))
    return f'<span class="{kind}"><span aria-hidden="true">{shape}</span> {escape(word)}</span>'


def _summary_row(parity: OutputParity) -> str:
    label = parity.kind is OutputKind.LABEL
    worst = f"{parity.mismatches:,} differ" if label else number(parity.max_abs)
    ties = f"{parity.ties:,}" if label else "—"
    return (
        f'<tr><th scope="row"><code>{escape(parity.name)}</code></th><td>{escape(parity.kind)}</td>'
        f"<td>{_mark(parity.verdict)}</td><td class=n>{parity.rows:,}</td>"
        f"<td class=n>{worst}</td><td class=n>{allowed(parity)}</td><td class=n>{ties}</td></tr>"
    )


def number(value: float) -> str:
    """A measured error: two digits are all that is meant."""
    if not value < LARGEST:
        return "not finite"
    return "0" if value == 0 else f"{value:.1e}"


def allowed(parity: OutputParity) -> str:
    """What parity allowed, in words."""
    if parity.kind is OutputKind.LABEL:
        return "none"
    text = number(parity.tolerance_abs)
    if parity.tolerance_rel:
        text += f", or {number(parity.tolerance_rel)} relative"
    return text


def _output(parity: OutputParity, subject: Subject) -> str:
    parts = [f"<section><h2><code>{escape(parity.name)}</code> {_mark(parity.verdict)}</h2>"]
    if parity.sentence:
        parts.append(f"<p>{escape(parity.sentence)}</p>")
    if parity.causes:
        items = "".join(f"<li>{escape(cause)}</li>" for cause in parity.causes)
        parts.append(f"<h3>What the differing rows have in common</h3>\n<ul>{items}</ul>")
    if parity.kind is OutputKind.LABEL:
        parts.append(_labels(parity))
        parts.append(confusion(parity.flips))
    elif parity.histogram:
        width = subject.widths.get(parity.name, 0)
        values = parity.rows * max(width, 1)
        limit = parity.tolerance_rel or parity.tolerance_abs
        how = (
            "relative error, the smaller of the two measures"
            if parity.tolerance_rel
            else ("absolute error")
        )
        parts.append(histogram(parity, values, limit, how))
        parts.append(histogram_table(parity, values))
        parts.append(scatter(parity))
    parts.append(_worst(parity))
    parts.append("</section>")
    return "\n".join(part for part in parts if part)


def _labels(parity: OutputParity) -> str:
    equal = parity.rows - parity.mismatches - parity.ties
    ties = (
        f" {parity.ties:,} are ties: the original scores both classes alike to within its own "
        "rounding, so either is its answer."
        if parity.ties
        else ""
    )
    return f"<p>{equal:,} of {parity.rows:,} rows name the same class.{ties}</p>"


def _worst(parity: OutputParity) -> str:
    if not parity.worst:
        return '<p class="dim">No row differs.</p>'
    names = list(parity.worst[0].features)[:SHOWN_FEATURES]
    rest = len(parity.worst[0].features) - len(names)
    more = f" {rest:,} more columns are in <code>parity.json</code>." if rest > 0 else ""
    head = "".join(f'<th scope="col"><code>{escape(name)}</code></th>' for name in names)
    rows = "\n".join(_worst_row(row, names) for row in parity.worst)
    return (
        f"<h3>Rows that differ most</h3>\n<div class=wide tabindex=0 role=region "
        f'aria-label="Rows of {escape(parity.name)} that differ most"><table>\n<thead><tr>'
        '<th scope="col" class=n>Row</th><th scope="col">Original</th>'
        '<th scope="col">Converted</th><th scope="col" class=n>Error</th>'
        f'<th scope="col">Why this row</th>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>'
        "</table></div>"
        f'<p class="dim">Values of the features stand on the right.{more}</p>'
    )


def _worst_row(row: WorstRow, names: list[str]) -> str:
    cells = "".join(f"<td>{_cell(row.features.get(name, ''))}</td>" for name in names)
    return (
        f"<tr><td class=n>{row.row:,}</td><td><code>{escape(row.original)}</code></td>"
        f"<td><code>{escape(row.converted)}</code></td><td class=n>{number(row.error)}</td>"
        f"<td>{escape(row.near or row.kind)}</td>{cells}</tr>"
    )


def _cell(text: str) -> str:
    """A value as code; texts that nobody would see are named."""
    if not text:
        return '<span class="dim">empty text</span>'
    if text.isspace():
        return f'<span class="dim">white space, {len(text)} long</span>'
    return f"<code>{escape(text)}</code>"
