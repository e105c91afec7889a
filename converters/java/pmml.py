"""What differs in the Java of a PMML bundle: values go by name, answers come as a map."""

from __future__ import annotations

from converters.java.plan import Plan

PUT = """\
  /** Adds this row's values under the columns' own names; null where missing. */
  void put(Map<String, Object> to) {"""


def parts(plan: Plan) -> dict[str, str]:
    """What the template of the model class asks beyond its name and Javadoc."""
    return {}
