"""`python -m bench.profile`: which functions and lines a message costs most, dearest first.

Two runs: cProfile counts every call of the event loop's thread, and makes each call dearer;
py-spy, where `bench/setup.sh` could install it, samples lines of all threads and costs the
bridge next to nothing.
"""

import argparse
import collections
import dataclasses
import os
import pstats
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.child import ROOT, Child
from bench.rig import Rig, rig
from bench.subjects import BRIDGE, RIVALS, DataFolders, bridge_settings
from bench.table import table

MICRO = 1e6
SAMPLES_PER_SECOND = 250
WAITING = "<method 'poll' of 'select.epoll' objects>"
FRAME = re.compile(r"^(?P<function>.*) \((?P<file>.*):(?P<line>\d+)\)$")


def counted(rate: float, seconds: float, most: int, folder: Path) -> str:
    """The dearest functions by their own time, as cProfile counts it."""
    place = folder / "profile"

    def start(places: DataFolders) -> Child:
        command = [sys.executable, "-m", "bench.profiled", str(place)]
        return Child(command, log=folder / "profiled.log", environ=bridge_settings(places))

    subject = dataclasses.replace(BRIDGE, start=start)
    with Child.module("store", folder=folder) as store:
        url = f"http://127.0.0.1:{store.hear()['port']}"
        with rig(subject, chargers=1000, store=url) as made:
            os.kill(made.child.pid, signal.SIGUSR1)
            messages = _load(made, rate, seconds)
    return functions(place, messages, most)


def functions(place: Path, messages: int, most: int) -> str:
    """A table of the functions with the most own time."""
    # Not get_stats_profile(): it keeps one of all functions that have a name in common.
    found = vars(pstats.Stats(str(place)))["stats"]
    own = {where: (tottime, calls) for where, (_, calls, tottime, _, _) in found.items()}
    ranked = sorted(own.items(), key=lambda item: -item[1][0])
    rows = [
        (
            f"{tottime / messages * MICRO:.2f} µs",
            f"{calls:,}",
            f"{short(file)}:{line} {name}".removeprefix("~:0 "),
        )
        for (file, line, name), (tottime, calls) in ranked
        if name != WAITING
    ][:most]
    return table(("Own time per message", "Calls", "Function"), rows)


def sampled(rate: float, seconds: float, most: int, folder: Path) -> str:
    """The lines that py-spy found at work most often."""
    raw = folder / "samples"
    with Child.module("store", folder=folder) as store:
        url = f"http://127.0.0.1:{store.hear()['port']}"
        with rig(BRIDGE, chargers=1000, store=url) as made:
            made.go(rate, seconds + 3)
            time.sleep(1)
            done = subprocess.run(
                [
                    str(RIVALS / "py-spy"), "record", "--pid", str(made.child.pid),
                    "--rate", str(SAMPLES_PER_SECOND), "--duration", str(round(seconds)),
                    "--format", "raw", "--output", str(raw), "--nonblocking",
                ],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            made.sent()
    return lines(raw, most) if raw.exists() else f"py-spy: {done.stderr.strip()}"


def lines(raw: Path, most: int) -> str:
    """A table of the innermost lines of all stacks: `outer;..;inner COUNT`."""
    counts: collections.Counter[str] = collections.Counter()
    for row in raw.read_text(encoding="utf-8").splitlines():
        stack, _, count = row.rpartition(" ")
        counts[stack.rpartition(";")[2]] += int(count)
    whole = sum(counts.values())
    rows = [(f"{100 * count / whole:.1f} %", place(frame)) for frame, count in
            counts.most_common(most)]  # fmt: skip
    return table(("Share of samples", "Line"), rows)


def place(frame: str) -> str:
    """Where a frame stands, with the text of its line where it is ours."""
    found = FRAME.match(frame)
    if not found:
        return frame
    path = Path(found["file"])
    known = path if path.is_absolute() else ROOT / path
    text = ""
    if known.is_relative_to(ROOT / "bridge") and known.exists():
        text = known.read_text(encoding="utf-8").splitlines()[int(found["line"]) - 1].strip()
    return f"{short(found['file'])}:{found['line']} {found['function']}  {text}".rstrip()


def short(path: str) -> str:
    """Without the folders of this machine."""
    return re.sub(r"^.*/(?=bridge/|site-packages/|python3\.\d+/)", "", path)


def _load(made: Rig, rate: float, seconds: float) -> int:
    before = made.moment()
    made.go(rate, seconds)
    sent = made.sent()
    return made.settled(before.received + sent.messages).received - before.received


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("--rate", type=float, default=20_000, help="messages a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--most", type=int, default=15, help="rows of each table")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nofos-bench-") as folder:
        run = (given.rate, given.seconds, given.most, Path(folder))
        sys.stdout.write(counted(*run) + "\n\n")
        sys.stdout.flush()
        if (RIVALS / "py-spy").exists():
            sys.stdout.write(sampled(*run) + "\n")


if __name__ == "__main__":
    main()
