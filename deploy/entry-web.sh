#!/bin/sh
# Pages and API. Threads, because requests wait for the database far more than they compute.
set -eu
exec gunicorn portal.wsgi:application \
  --bind "0.0.0.0:${PORT:-8000}" \
  --worker-class gthread --workers "${WORKERS:-2}" --threads 8 --keep-alive 75 \
  --timeout 90 --graceful-timeout 30 --worker-tmp-dir /dev/shm \
  --access-logfile - --error-logfile -
