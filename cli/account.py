"""`crossport login`, `logout` and `whoami`."""

from __future__ import annotations

import argparse
import getpass
import socket
import sys
from typing import Any

import httpx

from cli import config
from cli.client import Client, checked_url
from cli.config import Login
from cli.outcomes import Misuse
from cli.output import emit, facts, say


def add(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Register the commands of this module."""
    login = commands.add_parser(
        "login",
        parents=[shared],
        help="store a token for a portal",
        description="Asks for name and password, has the portal make a token, and stores it in "
        f"{config.path()}. A password on stdin is read when it is no terminal.",
    )
    login.add_argument("url", metavar="URL", help="the portal, like https://crossport.example")
    login.add_argument("--username", help="asked for when left out")
    login.add_argument(
        "--token", action="store_true", help="store a token that is already there, read from stdin"
    )
    login.set_defaults(run=_login)
    logout = commands.add_parser(
        "logout", parents=[shared], help="revoke the stored token and forget it"
    )
    logout.set_defaults(run=_logout)
    whoami = commands.add_parser("whoami", parents=[shared], help="whom the portal takes you for")
    whoami.set_defaults(run=_whoami)


def _login(arguments: argparse.Namespace) -> int:
    url = checked_url(arguments.url)
    if arguments.token:
        token = _secret("Token: ")
        me = Client(Login(url, token)).get("me/")
        login = Login(url, token, me["token_id"] or 0)
    else:
        username = arguments.username or _asked("Username: ")
        issued = Client(Login(url)).post(
            "tokens/",
            {"name": f"crossport on {socket.gethostname()}"[:100]},
            auth=httpx.BasicAuth(username.encode(), _secret("Password: ").encode()),
        )
        login = Login(url, issued["token"], issued["id"])
        me = Client(login).get("me/")
    config.save(login)
    say(f"Signed in to {url} as {me['username']}; the token is in {config.path()}.")
    if arguments.json:
        emit({"url": url, "username": me["username"]})
    return 0


def _logout(arguments: argparse.Namespace) -> int:
    stored = config.load()
    if stored is None:
        say("Not signed in anywhere.")
    else:
        # Forgotten here even where the portal is gone; then the sentence tells what is left there.
        config.forget()
        if stored.token_id:
            Client(stored).delete(f"tokens/{stored.token_id}/")
        say(f"Signed out of {stored.url}.")
    if arguments.json:
        emit({"url": stored.url if stored else None})
    return 0


def _whoami(arguments: argparse.Namespace) -> int:
    login = config.current()
    me = Client(login).get("me/")
    if arguments.json:
        emit({"url": login.url, **me})
    else:
        facts(
            [
                ("portal", login.url),
                ("user", me["username"]),
                ("staff", "yes" if me["staff"] else "no"),
            ]
        )
    return 0


def _asked(prompt: str) -> str:
    if not sys.stdin.isatty():
        raise Misuse("there is no terminal to ask on; name the user with --username")
    print(prompt, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _secret(prompt: str) -> str:
    """Typed without echo, or the first line of stdin where that is no terminal."""
    text = getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not text:
        raise Misuse("nothing was given on stdin where the password or token was expected")
    return text
