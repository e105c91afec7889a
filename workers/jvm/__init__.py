"""The JVM check: a bundle's generated Java compiled and run on its golden rows, in a warm JVM."""

from workers.jvm.checker import Checker
from workers.jvm.runtime import Lacking
from workers.jvm.server import Cancelled, ServerEnded, TooLong

__all__ = ["Cancelled", "Checker", "Lacking", "ServerEnded", "TooLong"]
