"""Where `crossport login` keeps the portal's address and token: a file for its owner alone."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from cli.outcomes import Misuse, Refusal


@dataclass(frozen=True)
class Login:
    """A portal and the token that opens it; `token` is empty for reading an open portal."""

    url: str
    token: str = ""
    token_id: int = 0


def path() -> Path:
    """`$XDG_CONFIG_HOME/crossport/config.json`, or under ~/.config."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "crossport" / "config.json"


def load() -> Login | None:
    """The stored login, or None where there is none.

    Raises:
        Refusal: the file is there and cannot be read.
    """
    try:
        return Login(**json.loads(path().read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, OSError) as error:
        raise Refusal(
            "bad_config",
            f"{path()} cannot be read ({error}). Delete it and run `crossport login URL`.",
        ) from error


def save(login: Login) -> None:
    """Store a login, readable by its owner alone from the first byte on."""
    target = path()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = target.with_name(f"{target.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        aside.unlink()
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(login), file, indent=1)
    aside.replace(target)


def forget() -> None:
    """Delete the stored login."""
    path().unlink(missing_ok=True)


def current() -> Login:
    """The portal to talk to: CROSSPORT_URL and CROSSPORT_TOKEN, else the stored login.

    A stored token goes only to the portal it was made for.

    Raises:
        Misuse: no portal is named anywhere.
    """
    url = os.environ.get("CROSSPORT_URL", "").strip().rstrip("/")
    token = os.environ.get("CROSSPORT_TOKEN", "").strip()
    stored = load()
    if not url and stored is None:
        raise Misuse("no portal is named: run `crossport login URL`, or set CROSSPORT_URL")
    if stored is None or (url and url != stored.url):
        return Login(url=url, token=token)
    return Login(url=stored.url, token=token or stored.token, token_id=stored.token_id)
