"""What a child may use: limits, and the only environment variables it sees."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

# One thread a library: the worker runs several children at once, and a second thread gains
# nothing on the small rows of a conversion.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


@dataclass(frozen=True)
class Limits:
    """The bounds of one child and all that it starts.

    wall_seconds: from start to end; whoever runs longer is killed.
    cpu_seconds: of one process (RLIMIT_CPU).
    memory_mb: private memory of one process (RLIMIT_DATA), in MB of 2^20 bytes.
    file_mb: of one file (RLIMIT_FSIZE).
    disk_mb: what it may add to the job directory as a whole, watched once a second.
    output_bytes: what is kept of stdout and stderr; the rest is read and dropped.
    extra_threads: how many threads more than now the account may have (RLIMIT_NPROC); the kernel
        does not hold root to it.
    """

    wall_seconds: float = 600.0
    cpu_seconds: int = 1800
    memory_mb: int = 6144
    file_mb: int = 4096
    disk_mb: int = 8192
    output_bytes: int = 10 * 2**20
    extra_threads: int = 512
    open_files: int = 1024


def environment(jobdir: Path, limits: Limits) -> dict[str, str]:
    """The child's whole environment: nothing of ours passes but the way to programs and Java."""
    scratch = str(jobdir / "tmp")
    known = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": scratch,
        "TMPDIR": scratch,
        "MPLCONFIGDIR": scratch,
        "LANG": "C.UTF-8",
        "USER": "crossport",
        "ORT_DISABLE_TELEMETRY": "1",
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
        # A JVM sizes its heap by the machine; under RLIMIT_DATA it would die instead of collecting.
        "JAVA_TOOL_OPTIONS": f"-Xmx{limits.memory_mb // 2}m -XX:-UsePerfData "
        f"-Djava.io.tmpdir={scratch}",
    }
    if home := os.environ.get("JAVA_HOME"):
        known["JAVA_HOME"] = home
    return known | dict.fromkeys(THREADS, "1")
