"""Receives the keyboard's signals in a demo that `make` started.

Ctrl-C is sent to the terminal's whole foreground group; make would fail with it, although
the demo exits normally. In its own process group only the demo receives the signal, and make
sees the exit code.
"""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def foreground(environ: Mapping[str, str]) -> Iterator[None]:
    """Be the terminal's foreground group during the block, if make started this process."""
    before = os.getpgrp()
    if "MAKELEVEL" not in environ or before == os.getpid() or not _owns(before):
        yield
        return
    # Stopped alone, the demo would leave a terminal that nobody listens to.
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(sys.stdin.fileno(), os.getpgrp())
    try:
        yield
    finally:
        os.tcsetpgrp(sys.stdin.fileno(), before)


def _owns(group: int) -> bool:
    """Whether this is the foreground group of the terminal, if there is one."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == group
    except (OSError, ValueError):
        return False
