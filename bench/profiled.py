"""The bridge under cProfile: `python -m bench.profiled FILE` writes its profile at the end.

It counts from SIGUSR1 on, so that the start is not in it. cProfile sees the thread of the event
loop, in which a message is read and understood.
"""

import cProfile
import signal
import sys
from pathlib import Path

from bridge.cli import main as nofos_bridge


def main() -> None:
    place = Path(sys.argv[1])
    sys.argv = ["nofos-bridge", "run"]
    profile = cProfile.Profile()
    signal.signal(signal.SIGUSR1, lambda *_: profile.enable())
    try:
        nofos_bridge()
    finally:
        profile.disable()
        profile.dump_stats(place)


if __name__ == "__main__":
    main()
