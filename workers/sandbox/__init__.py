"""One confined child process: a clean environment, limits, a wall clock, and killed whole."""

from workers.sandbox.child import ChildResult, Killed, command, run_child
from workers.sandbox.leftovers import remove_tree
from workers.sandbox.level import Level, level
from workers.sandbox.limits import Limits

__all__ = [
    "ChildResult",
    "Killed",
    "Level",
    "Limits",
    "command",
    "level",
    "remove_tree",
    "run_child",
]
