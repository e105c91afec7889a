"""The Celery application: an engine that wakes workers, keeping no results."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import worker_init, worker_ready, worker_shutdown
from django.conf import settings

from converters.catalog import ROUTES, Queue
from workers import file_broker
from workers.sandbox.secrecy import hide_process

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

REAP_SECONDS = 10.0
# One line for each file of each model is no news in a worker's log.
logging.getLogger("httpx").setLevel(logging.WARNING)


def broker(redis_url: str, home: Path) -> dict[str, Any]:
    """Celery's broker settings: Redis where there is one, files under `home` where not."""
    # Redis gives an unacknowledged message to another worker after this long; a job's claim would
    # make that harmless, and this keeps it from happening at all.
    longest = 4 * 60 * max(route.minutes for route in ROUTES)
    if redis_url:
        return {
            "broker_url": redis_url,
            "broker_transport_options": {"visibility_timeout": longest},
            "broker_connection_retry_on_startup": True,
            "worker_disable_prefetch": True,
        }
    folders = {name: home / "broker" / name for name in ("messages", "control")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    return {
        "broker_url": f"{file_broker.SCHEME}://",
        "broker_transport_options": {
            "data_folder_in": str(folders["messages"]),
            "data_folder_out": str(folders["messages"]),
            "control_folder": str(folders["control"]),
            "polling_interval": 0.1,
        },
    }


app = Celery("crossport")
app.conf.update(
    **broker(settings.REDIS_URL, settings.CROSSPORT_HOME),
    accept_content=["json"],
    task_serializer="json",
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_default_queue=str(Queue.CPU),
    task_create_missing_queues=True,
    imports=["workers.tasks"],
    worker_prefetch_multiplier=1,
    worker_soft_shutdown_timeout=30.0,
    worker_hijack_root_logger=False,
    timezone="UTC",
    beat_schedule={
        "sync": {
            "task": "workers.tasks.sync_all",
            "schedule": float(settings.SYNC_SECONDS),
            "options": {"queue": str(Queue.SYNC), "expires": float(settings.SYNC_SECONDS)},
        },
        "reap": {
            "task": "workers.tasks.reap",
            "schedule": REAP_SECONDS,
            "options": {"queue": str(Queue.SYNC), "expires": REAP_SECONDS},
        },
    },
)


def _hide_process(**_: Any) -> None:
    hide_process()


def _report_presence(sender: Any, **_: Any) -> None:
    from workers.presence import presence  # models need Django set up, which Celery does later

    presence.begin(sender.hostname, sorted(sender.app.amqp.queues.consume_from))


def _end_presence(**_: Any) -> None:
    from workers.presence import presence

    presence.end()


worker_init.connect(_hide_process)
worker_ready.connect(_report_presence)
worker_shutdown.connect(_end_presence)
