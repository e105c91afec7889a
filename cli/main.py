"""The `crossport` command: a client of the portal, and conversion without any server."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence

from cli import account, catalogue, exports, local, verify
from cli.outcomes import CRASHED, Ended
from cli.output import emit, say

EPILOG = "Exit codes: 0 done, 1 refused, 2 wrong usage, 3 crashed, 4 could not reach."


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="the result as JSON on stdout")
    top = argparse.ArgumentParser(
        prog="crossport",
        description="Convert registered models, prove the answers, fetch what was proven.",
        epilog=EPILOG,
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (local, verify, account, catalogue, exports):
        module.add(commands, shared)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; the sentence of a failure goes to stderr."""
    given = parser().parse_args(arguments)
    try:
        return int(given.run(given))
    except Ended as end:
        say(f"{end.sentence} [{end.code}]")
        if given.json:
            emit({"code": end.code, "detail": end.sentence})
        return end.exit_code
    except BrokenPipeError:
        # The reader has left (`crossport models | head`); nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        say("Stopped.")
        return 130
    except Exception as error:
        traceback.print_exc()
        say(f"crossport crashed: {error}. The lines above belong into a bug report.")
        return CRASHED


if __name__ == "__main__":
    sys.exit(main())
