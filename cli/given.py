"""The user's own rows on their way to the confined child: copied and summed, never parsed here."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cli.outcomes import Misuse, Refusal
from converters import contract

PARQUET_MAGIC = b"PAR1"
MOST_BYTES = 256 * 2**20
CHUNK = 1 << 20


def check(file: Path) -> None:
    """See that `--golden FILE` is a file that can be read.

    Raises:
        Misuse: it is not.
        Refusal: `rows_too_many`.
    """
    if not file.is_file():
        raise Misuse(f"there is no file {file}; --golden takes a CSV or Parquet file of rows")
    try:
        with file.open("rb"):
            size = file.stat().st_size
    except OSError as error:
        raise Misuse(f"--golden: {file} cannot be read: {error.strerror}") from error
    if size > MOST_BYTES:
        raise Refusal(
            "rows_too_many",
            f"{file} is larger than {MOST_BYTES // 2**20} MB; choose at most "
            f"{contract.GIVEN_MOST:,} telling rows.",
        )


def copy(file: Path, folder: Path) -> tuple[str, str]:
    """Copy the rows into a job directory; returns the file's name there and its sha256.

    The name tells the format: what begins as Parquet does is Parquet, all else is read as CSV.
    """
    digest = hashlib.sha256()
    with file.open("rb") as source:
        parquet = source.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
        source.seek(0)
        name = contract.GIVEN_PARQUET if parquet else contract.GIVEN_CSV
        with (folder / name).open("xb") as target:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                target.write(chunk)
    return name, digest.hexdigest()
