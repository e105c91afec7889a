"""One Spark session of one thread, in a JVM of its own, on the loopback of this process."""

from __future__ import annotations

import atexit
import functools
import os
import re
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import Any

from converters.errors import Refused
from converters.quoting import quoted

MEMORY = "2g"
# What the Spark of the environment runs on; older ones lack classes that it was compiled for.
OLDEST_JAVA = 17
# A runtime cut down to some modules, as other tools bring along, does not have all of these.
MODULES = frozenset({"java.management", "java.naming", "java.security.jgss", "jdk.unsupported"})
HOW = (
    "Install a whole Java 17 or newer on the worker, on its PATH or under JAVA_HOME "
    "(Debian: openjdk-17-jre-headless)."
)
NO_PYTHON = "crossport-starts-no-python-worker"
JAVA_OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Xshare:auto"


@functools.cache
def session() -> Any:
    """The session, started at the first call and ended with this process.

    Raises:
        Refused: `spark_java`; `spark_start` where it does not start.
    """
    java = whole_java()
    scratch = Path(tempfile.mkdtemp(prefix="spark-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    _surroundings(java, scratch)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master("local[1]").appName("crossport")
        for key, value in _settings(scratch).items():
            builder = builder.config(key, value)
        try:
            started = builder.getOrCreate()
        except (PySparkException, OSError, RuntimeError) as error:
            raise Refused(
                "spark_start",
                f"Spark, which alone reads its models, did not start on this worker "
                f"({quoted(error)}). Ask its administrator for more memory, "
                "and for a whole Java 17.",
            ) from error
    atexit.register(started.stop)
    started.sparkContext.setLogLevel("OFF")
    return started


def _settings(scratch: Path) -> dict[str, str]:
    """One thread, no pages, no cluster, nothing outside of the scratch folder and the loopback."""
    return {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": MEMORY,
        "spark.driver.extraJavaOptions": f"{JAVA_OPTIONS} -Djava.io.tmpdir={scratch}",
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "1",
        "spark.sql.execution.arrow.pyspark.enabled": "false",
        # A batch of a thousand rows is answered before its code would be compiled.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        # Casts answer as they did when most pipelines were saved.
        "spark.sql.ansi.enabled": "false",
    }


def _surroundings(java: Path, scratch: Path) -> None:
    """What Spark's own start script reads; a worker's settings for other programs are left out."""
    for name in [key for key in os.environ if key.startswith(("SPARK_", "PYSPARK_", "HADOOP_"))]:
        del os.environ[name]
    os.environ.pop("JAVA_TOOL_OPTIONS", None)
    configuration = scratch / "conf"
    configuration.mkdir()
    (configuration / "log4j2.properties").write_text("rootLogger.level = off\n", encoding="utf-8")
    os.environ.update(
        JAVA_HOME=str(java.parent.parent),
        SPARK_CONF_DIR=str(configuration),
        SPARK_LOCAL_IP="127.0.0.1",
        SPARK_LOCAL_DIRS=str(scratch),
        HADOOP_USER_NAME="crossport",
        # Spark's Python workers would talk over the network, which a confined child does not have.
        PYSPARK_PYTHON=NO_PYTHON,
    )


def whole_java() -> Path:
    """A whole Java that is new enough: the one of JAVA_HOME, else the one on PATH.

    Raises:
        Refused: `spark_java`.
    """
    home = os.environ.get("JAVA_HOME", "")
    found = [shutil.which(str(Path(home) / "bin" / "java"))] if home else []
    why = "it has none"
    for java in [one for one in [*found, shutil.which("java")] if one]:
        version, missing = _told(java)
        if version >= OLDEST_JAVA and not missing:
            return Path(java).resolve()
        short = f"without {', '.join(sorted(missing))}" if missing else f"version {version}"
        why = f"its Java is {short}"
    raise Refused("spark_java", f"Spark needs a Java that this worker lacks: {why}. {HOW}")


def _told(java: str) -> tuple[int, frozenset[str]]:
    """The version of a Java, 0 where it does not tell, and which modules it lacks."""
    command = [java, "--list-modules"]
    try:
        done = subprocess.run(  # noqa: S603 - our own command line, no shell
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0, MODULES
    named = re.search(r"^java\.base@(\d+)", done.stdout, re.MULTILINE)
    have = set(re.findall(r"^([\w.]+)", done.stdout, re.MULTILINE))
    return int(named[1]) if named else 0, MODULES - have
