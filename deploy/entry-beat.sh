#!/bin/sh
# Sends what is due: mirroring, expired leases. Exactly one of these runs.
set -eu
exec celery --app workers.celery:app beat --schedule /tmp/beat-schedule --pidfile= --loglevel INFO
