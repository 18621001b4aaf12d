"""`python -m tests.kit.failing_calls`: a bridge of which each system call fails once.

Each SIGUSR1 makes the next call of each kind fail; standard error has a line when it did.
"""

import errno
import gzip
import json
import os
import shutil
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable
from itertools import cycle
from typing import Any

ERRORS = cycle(
    [
        OSError(errno.EMFILE, "too many open files"),
        RuntimeError("can't start new thread"),
        MemoryError(),
        OSError(errno.EIO, "input/output error"),
    ]
)
CALLS: dict[str, tuple[Any, str]] = {
    "open a socket": (socket.socket, "__init__"),
    "connect": (socket.socket, "connect"),
    "accept": (socket.socket, "accept"),
    "send": (socket.socket, "send"),
    "receive": (socket.socket, "recv"),
    "receive in bulk": (socket.socket, "recv_into"),
    "start a thread": (threading.Thread, "start"),
    "look at a file": (os, "stat"),
    "free space": (shutil, "disk_usage"),
    "compress": (gzip, "compress"),
    "write JSON": (json, "dumps"),
}
armed: dict[str, BaseException] = {}


def failing(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def called(*args: Any, **more: Any) -> Any:
        error = armed.pop(name, None)
        if error is None:
            return call(*args, **more)
        os.write(2, f"FAILED {name}: {error!r}\n".encode())
        raise error

    return called


class Connection(sqlite3.Connection):
    """A database of which a statement fails."""

    execute = failing("a statement", sqlite3.Connection.execute)
    executemany = failing("many statements", sqlite3.Connection.executemany)


def arm(*_: object) -> None:
    error = next(ERRORS)
    armed.update(dict.fromkeys([*CALLS, "a statement", "many statements"], error))


def main() -> None:
    from bridge.__main__ import main as run

    for name, (owner, attribute) in CALLS.items():
        setattr(owner, attribute, failing(name, getattr(owner, attribute)))
    connect = sqlite3.connect
    sqlite3.connect = lambda *args, **more: connect(*args, factory=Connection, **more)  # type: ignore[assignment]  # as the real one
    signal.signal(signal.SIGUSR1, arm)
    sys.argv = ["nofos-bridge", "run"]
    run()


if __name__ == "__main__":
    main()
