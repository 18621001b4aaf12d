"""Where figures were taken: the machine and the versions of everything that ran."""

import datetime
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench import broker
from bench.subjects import Subject
from tests.kit.servers.process import find_program


def machine(subjects: Sequence[Subject]) -> list[tuple[str, str]]:
    """What to know about the place, as names and values."""
    return [
        ("Date", datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")),
        ("CPU", f"{_cpu()}, {os.cpu_count()} cores, shared by all that runs here"),
        ("Kernel", f"{platform.system()} {platform.release()}"),
        ("Python", platform.python_version()),
        ("Broker", f"Mosquitto {broker.version()}, max_queued_messages {broker.MOST_QUEUED}"),
        ("Store", f"counting stand-in; VictoriaMetrics {_victoria()} where points are read back"),
        *((subject.name, subject.version()) for subject in subjects),
        ("Load before", " ".join(f"{load:.2f}" for load in os.getloadavg())),
    ]


def _cpu() -> str:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    clock = re.search(r"^cpu MHz\s*: (\d+)", text, re.MULTILINE)
    name = found[1] if found else platform.machine()
    return f"{name} at {clock[1]} MHz" if clock else name


def _victoria() -> str:
    program = find_program("victoria-metrics")
    output = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    package = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "victoria-metrics"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return package.stdout.strip() or (output.stdout + output.stderr).strip() or "unknown"
