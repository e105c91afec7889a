"""Every queryset that a page or the API shows, with what it needs prefetched.

Templates and serializers get their rows from here alone, so that the number of queries does not
grow with the rows (a test counts them).
"""

from __future__ import annotations

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from converters.catalog import ROUTES
from registry.models import Alias, ModelVersion, RegisteredModel, Source, SyncRun
from workers.models import Bundle, Export, Job, JobState, Step

# What only one row's own page shows, and may be megabytes: read when it is asked for, so that a
# list of fifty does not carry fifty logs.
LONG_OF_A_JOB = ("log", "report")
LONG_OF_A_VERSION = ("mlmodel", "requirements", "params", "metrics")


def sources() -> QuerySet[Source]:
    """Mirrored registries by name, each with its newest run first in `runs`."""
    newest = SyncRun.objects.order_by("source_id", "-id").distinct("source_id")
    return Source.objects.annotate(
        model_count=Count(
            "registered_models", filter=Q(registered_models__gone_at__isnull=True), distinct=True
        )
    ).prefetch_related(Prefetch("runs", queryset=newest))


def any_models() -> QuerySet[RegisteredModel]:
    """Registered models with their source and aliases, those that are gone upstream included."""
    aliases = Alias.objects.select_related("version").defer(*_long_of("version"))
    return RegisteredModel.objects.select_related("source").prefetch_related(
        Prefetch("aliases", queryset=aliases)
    )


def _long_of(path: str) -> list[str]:
    return [f"{path}__{name}" for name in LONG_OF_A_VERSION]


def models(
    q: str = "",
    name: str = "",
    source: str = "",
    flavor: str = "",
    tag: str = "",
    alias: str = "",
    stage: str = "",
    exportable: str = "",
    has_bundle: bool | None = None,
) -> QuerySet[RegisteredModel]:
    """Registered models that still exist upstream, narrowed by what is given.

    Each carries `latest` (its highest version's number), that one's `latest_flavors`, and
    `bundle_count`. `tag` is `key:value`
    and matches the model's own tags or a version's; `exportable` is a target.
    """
    rows = any_models().filter(gone_at__isnull=True)
    # Subqueries, not joins: only the page's own rows are counted, however long the catalogue is.
    numbers = ModelVersion.objects.filter(model=OuterRef("pk"), gone_at__isnull=True)
    counted = (
        Bundle.objects.filter(version__model=OuterRef("pk"))
        .order_by()
        .values("version__model")
        .annotate(count=Count("pk"))
        .values("count")
    )
    rows = rows.annotate(
        latest=Subquery(numbers.order_by("-number").values("number")[:1]),
        latest_flavors=Subquery(numbers.order_by("-number").values("flavors")[:1]),
        bundle_count=Coalesce(Subquery(counted), 0),
    )
    for word in q.split():
        rows = rows.filter(
            Q(name__icontains=word) | Q(description__icontains=word) | Q(tags__icontains=word)
        )
    if name:
        rows = rows.filter(name=name)
    if source:
        rows = rows.filter(source__slug=source)
    if alias:
        rows = rows.filter(Exists(Alias.objects.filter(model=OuterRef("pk"), name=alias)))
    if tag:
        key, _, value = tag.partition(":")
        rows = rows.filter(
            Q(tags__contains={key: value}) | _has_version(tags__contains={key: value})
        )
    if stage:
        rows = rows.filter(_has_version(stage=stage))
    if flavor:
        rows = rows.filter(_has_version(flavors__contains=[flavor]))
    if exportable:
        rows = rows.filter(_has_version(_in_flavors(exportable)))
    if has_bundle is not None:
        has = Exists(Bundle.objects.filter(version__model=OuterRef("pk")))
        rows = rows.filter(has if has_bundle else ~has)
    return rows


def _has_version(*conditions: Q, **fields: object) -> Exists:
    rows = ModelVersion.objects.filter(model=OuterRef("pk"), gone_at__isnull=True)
    return Exists(rows.filter(*conditions, **fields))


def _in_flavors(target: str) -> Q:
    """Versions whose flavors a route to `target` reads."""
    found = Q(pk__in=[])
    for route in ROUTES:
        if route.target == target:
            found |= Q(flavors__contains=[route.flavor])
    return found


def facets() -> dict[str, list[str]]:
    """The values that the catalogue's facets offer, each list sorted."""
    versions = ModelVersion.objects.filter(gone_at__isnull=True, model__gone_at__isnull=True)
    flavors = {name for names in versions.values_list("flavors", flat=True) for name in names}
    return {
        "source": list(Source.objects.values_list("slug", flat=True)),
        "flavor": sorted(flavors - {"python_function"}),
        "stage": sorted(set(versions.exclude(stage="").values_list("stage", flat=True))),
        "alias": sorted(set(Alias.objects.values_list("name", flat=True))),
    }


def versions(model: int | None = None) -> QuerySet[ModelVersion]:
    """Versions, of one model or of all, newest number first."""
    rows = ModelVersion.objects.select_related("model__source").prefetch_related(
        "aliases", Prefetch("bundles", queryset=Bundle.objects.defer("manifest"))
    )
    if model is not None:
        rows = rows.filter(model_id=model)
    return rows.defer(*LONG_OF_A_VERSION).order_by("-number", "-id")


def exports() -> QuerySet[Export]:
    """Exports, newest first, each with its jobs (newest first), their newest steps and bundles."""
    steps = Prefetch("steps", queryset=Step.objects.order_by("attempt", "position"))
    jobs = Job.objects.order_by("-id").defer(*LONG_OF_A_JOB).prefetch_related(steps)
    bundles = Bundle.objects.defer("manifest")
    return (
        Export.objects.select_related("version__model__source", "requested_by")
        .defer(*_long_of("version"))
        .prefetch_related(
            Prefetch("jobs", queryset=jobs),
            Prefetch("bundles", queryset=bundles),
            "version__aliases",
        )
        .order_by("-id")
    )


def bundles() -> QuerySet[Bundle]:
    """Published bundles, newest first."""
    return (
        Bundle.objects.select_related("version__model__source", "export")
        .defer("manifest", *_long_of("version"))
        .prefetch_related("version__aliases")
        .order_by("-id")
    )


def in_state(rows: QuerySet[Export], state: str) -> QuerySet[Export]:
    """Those exports whose newest job is in this state."""
    newest = Job.objects.filter(export=OuterRef("pk")).order_by("-id").values("state")[:1]
    return rows.annotate(newest_state=Subquery(newest)).filter(newest_state=state)


def waiting_before(job: Job) -> int:
    """How many jobs of the same queue wait longer than this one."""
    return Job.objects.filter(queue=job.queue, state=JobState.QUEUED, pk__lt=job.pk).count()
