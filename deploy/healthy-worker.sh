#!/bin/sh
# Whether this container's worker answers over the broker.
set -eu
exec celery --app workers.celery:app inspect --timeout 10 --destination "worker@$(hostname)" ping
