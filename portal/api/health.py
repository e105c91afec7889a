"""Whether this process lives (/healthz) and whether Crossport can do its work (/readyz)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from converters.catalog import ROUTES
from registry.storage import store
from workers.celery import app
from workers.models import Worker
from workers.queues import SYNC_QUEUE

logger = logging.getLogger(__name__)

# A worker that has not reported for this long does not count as there.
WORKER_SEEN = timedelta(seconds=60)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while this process answers at all; touches nothing else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when everything that an export needs is there, else 503; one sentence a part."""
    parts = {name: _answer(check) for name, check in CHECKS.items()}
    ready = all(answer == "ok" for answer in parts.values())
    return JsonResponse(
        {"status": "ok" if ready else "not ready", "parts": parts}, status=200 if ready else 503
    )


def _answer(check: Callable[[], str]) -> str:
    """`ok`, or what is wrong; the cause goes to the log, since anybody may read this page."""
    try:
        return check()
    except Exception as error:
        logger.warning("not ready: %s", check.__name__, exc_info=True)
        return f"does not answer ({type(error).__name__})"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _broker() -> str:
    with app.connection_for_write(connect_timeout=2) as broker:
        broker.ensure_connection(max_retries=1)
    return "ok"


def _storage() -> str:
    return "ok" if store().writable() else "blobs cannot be written"


def _workers() -> str:
    wanted = {str(route.queue) for route in ROUTES} | {SYNC_QUEUE}
    live = Worker.objects.filter(seen_at__gte=Now() - WORKER_SEEN)
    missing = wanted.difference(*live.values_list("queues", flat=True))
    if missing:
        return f"no worker seen lately for the queue {', '.join(sorted(missing))}"
    return "ok"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "broker": _broker,
    "storage": _storage,
    "workers": _workers,
}
