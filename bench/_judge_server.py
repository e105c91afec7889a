"""Judges job directories, one a line on stdin, each in a forked copy of a clean process.

The worker starts a judge anew for each job; here only its imports are shared, so that a bench over
hundreds of models spends its time on them. Nothing that loads a model is ever imported.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> int:
    import onnxruntime  # noqa: F401 - what every judge needs first

    from converters import golden, parity  # noqa: F401
    from converters.steps import judge
    from converters.targets import onnx  # noqa: F401

    for line in sys.stdin:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            os._exit(0 if judge.run(Path(line.strip())) else 3)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
