"""Run as a script by `child.run_child`: confines a child, watches it, and leaves nobody behind.

Three processes. The launcher makes the namespaces; the keeper, first in them, starts the child and
ends everything when the child ends or the worker does; the child takes its limits and becomes the
program. Standard library only, and one thread, since it forks.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any

# linux/prctl.h, linux/sched.h
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# linux/sockios.h, linux/if.h
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1

CANNOT_CONFINE = 125
CANNOT_EXECUTE = 126

_libc = ctypes.CDLL(None, use_errno=True)


def main(spec: dict[str, Any]) -> int:
    """Confine and run what `spec` says; it is written by `child._spec` alone."""
    namespaces = bool(spec["namespaces"])
    if namespaces:
        unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWPID)
        raise_loopback()
    launcher = os.getpid()
    keeper = os.fork()
    if keeper == 0:
        # The launcher's death must not leave the keeper without anybody to answer to.
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if not namespaces and os.getppid() != launcher:
            os._exit(CANNOT_CONFINE)
        os._exit(keep(spec))
    os.close(spec["control"])
    os.close(spec["result"])
    _, status = os.waitpid(keeper, 0)
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else CANNOT_CONFINE


def keep(spec: dict[str, Any]) -> int:
    """Start the child, wait for its end or for the worker's, end all its descendants, report."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)  # daemonised grandchildren become ours
    prctl(PR_SET_DUMPABLE, 0)
    child = os.fork()
    if child == 0:
        become(spec)
    over = os.pidfd_open(child)
    # End of file on `control`: the worker asks for the end, or is dead itself.
    ready, _, _ = select.select([over, spec["control"]], [], [])
    if over not in ready:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(over, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    if not spec["namespaces"]:
        end_descendants()  # in a namespace of their own the kernel ends them with the keeper
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak_kb = max(usage.ru_maxrss, others.ru_maxrss)
    report = {"status": status, "peak_kb": peak_kb, "cpu": usage.ru_utime + usage.ru_stime}
    os.write(spec["result"], json.dumps(report).encode())
    return 0


def become(spec: dict[str, Any]) -> None:
    """Take the limits and turn into the program; never returns.

    This is the place where Landlock and seccomp join, after the limits and before the program.
    """
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()
        for name, value in spec["rlimits"].items():
            limit(getattr(resource, name), value)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        os.chdir(spec["folder"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.closerange(3, 2**20)
        os.execve(spec["argv"][0], spec["argv"], spec["environment"])  # noqa: S606
    except OSError as error:
        os.write(2, f"could not start the child: {error}\n".encode())
    os._exit(CANNOT_EXECUTE)


def limit(kind: int, value: int) -> None:
    """Set one limit, never above what the account has."""
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def end_descendants() -> None:
    """Kill and reap until this process, a subreaper, has no child left.

    A process that forks while it is killed leaves its child to us, so the next round finds it.
    """
    while True:
        for process in children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def children() -> list[int]:
    """Every descendant's process id, from `/proc`."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError, IndexError, ValueError):
                # The command's name is in brackets and may itself hold some: take the last one.
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found, next_ones = [], [os.getpid()]
    while next_ones:
        ours = parents.get(next_ones.pop(), [])
        found += ours
        next_ones += ours
    return found


def unshare(flags: int) -> None:
    """Enter new namespaces as the same account (Python 3.12 has os.unshare; 3.11 does not).

    Raises:
        OSError: this host does not allow it.
    """
    user, group = os.geteuid(), os.getegid()
    if _libc.unshare(flags):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def raise_loopback() -> None:
    """Bring up the namespace's own loopback, by which a child speaks with a JVM that it starts.

    Nothing else is in the namespace, so it reaches nobody but the child's own processes.

    Raises:
        OSError: the kernel refuses.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


def prctl(option: int, value: int) -> None:
    """Linux' prctl(2) with one argument.

    Raises:
        OSError: the kernel refuses.
    """
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    try:
        code = main(json.loads(sys.stdin.readline()))
    except OSError as error:
        os.write(2, f"could not confine the child: {error}\n".encode())
        code = CANNOT_CONFINE
    os._exit(code)
