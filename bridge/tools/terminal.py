"""Takes the keyboard's signals for a demo that `make` started.

Ctrl-C goes to everyone in the terminal's foreground group; make would die of it, although
the demo ends well. In a group of its own the demo alone hears the key, and make sees how
it ended.
"""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def foreground(environ: Mapping[str, str]) -> Iterator[None]:
    """Be the terminal's foreground for as long as the block, where make started us."""
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
    """Whether this group has the terminal, if there is one."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == group
    except (OSError, ValueError):
        return False
