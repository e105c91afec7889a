#!/bin/sh
# Takes jobs. Threads only watch: each model is loaded in a confined child process of its own.
set -eu
exec celery --app workers.celery:app worker \
  --pool threads --concurrency "${WORKER_JOBS:-2}" --queues "${CROSSPORT_QUEUES:-sync,cpu}" \
  --hostname "worker@$(hostname)" --loglevel INFO
