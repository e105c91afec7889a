"""The base score in XGBoost's own file, written so that XGBoost4J reads it as XGBoost does.

XGBoost writes a list since 3.1, `[1.5E0]`, of which older ones read 0 and say nothing; the newest
XGBoost4J that can be had is older. One number, `1.5E0`, is read alike by all.
"""

from __future__ import annotations

import re

# A fact of files that keep a list, since its numbers differ.
LISTED = "base_scores"
# UBJSON: a key and a text, each behind its length as a big-endian int64.
_PLACE = re.compile(
    rb"learner_model_param\{L\x00{7}\x0abase_scoreSL(?P<size>.{8})\[(?P<listed>[^\[\]]*)\]",
    re.DOTALL,
)


def single(content: bytes) -> bytes | None:
    """The same file with one number for a list of equal ones; None where they differ.

    A file without a list comes back as it is.
    """
    found = list(_PLACE.finditer(content))
    if not found:
        return content
    (place,) = found if len(found) == 1 else (None,)
    if place is None:
        return None
    numbers = set(place["listed"].split(b","))
    size = int.from_bytes(place["size"], "big")
    if len(numbers) != 1 or size != len(place["listed"]) + 2:
        return None
    (number,) = numbers
    text: bytes = len(number).to_bytes(8, "big") + number
    return content[: place.start("size")] + text + content[place.end() :]
