"""A bridge as a process of its own: started on a data folder, asked, killed, looked into."""

import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bridge.storage.packed_row import unpack
from tests.kit.servers.web import ask

FILES = ("points.db", "state.db")
_LINE = re.compile(r"(\w+),charger=([^, ]+)((?:,[^ ]+)?) (.*) (\d+)")


class Life:
    """One run of `python -m bridge run`; killed at the end of the block."""

    def __init__(
        self, folder: Path, broker: str, *, module: str = "bridge", **settings: str
    ) -> None:
        """`module` runs in place of the bridge's own; it must do the same."""
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "bridge.log"
        self._module = module
        self._environ = {
            **os.environ, "NOFOS_MQTT__URL": broker, "NOFOS_JOURNAL__DIR": str(folder / "data"),
            "NOFOS_WEB__LISTEN": "127.0.0.1:0", "NOFOS_LOG__FORMAT": "json",
            "NOFOS_HTTP__ENABLED": "false",
            **{f"NOFOS_{name}": value for name, value in settings.items()},
        }  # fmt: skip

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self._said = log.tell()
            command = [sys.executable, "-m", self._module, "run"]
            self.process = subprocess.Popen(command, env=self._environ, stderr=log)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def kill(self) -> float:
        """End it without a word; returns when, in Unix seconds."""
        at = time.time()
        self.process.kill()
        self.process.wait()
        return at

    def started(self) -> Mapping[str, object] | None:
        """What it logged when it was up; None before. Fails where it ended by itself."""
        said = self.said()
        assert self.process.poll() is None, said
        rows = (json.loads(row) for row in said.splitlines()[: said.count("\n")] if row[:1] == "{")
        return next((row for row in rows if row["event"] == "bridge.started"), None)

    def said(self) -> str:
        """What this life wrote to its log."""
        with self._log.open("rb") as log:
            log.seek(self._said)
            return log.read().decode()

    @property
    def url(self) -> str:
        row = self.started()
        assert row is not None
        return f"http://127.0.0.1:{row['port']}"

    def memory(self, what: str = "VmRSS") -> float:
        """Its resident memory in MB; with VmHWM the most that it ever was."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(rf"{what}:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1024

    def metrics(self) -> dict[str, float]:
        """All series of a scrape."""
        pairs = (
            row.rsplit(" ", 1)
            for row in ask(f"{self.url}/metrics").splitlines()
            if not row.startswith("#")
        )
        return {name: float(value) for name, value in pairs}


@dataclass(frozen=True, slots=True)
class Line:
    """A point of the journal."""

    measurement: str
    charger: str
    tags: str
    fields: Mapping[str, str]
    stamp: int


@contextlib.contextmanager
def copied(data: Path, place: Path) -> Iterator[Path]:
    """The database files as they lie there now, for looking at them changes them."""
    place.mkdir()
    for name in FILES:
        for side in ("", "-wal"):
            if (data / f"{name}{side}").exists():
                shutil.copyfile(data / f"{name}{side}", place / f"{name}{side}")
    try:
        yield place
    finally:
        shutil.rmtree(place)


def integrity(data: Path) -> dict[str, str]:
    """What SQLite says of each file that is there."""
    found = {}
    for name in FILES:
        if (data / name).exists():
            with contextlib.closing(sqlite3.connect(data / name)) as connection:
                said = connection.execute("PRAGMA integrity_check").fetchall()
                found[name] = "; ".join(str(row[0]) for row in said)
    return found


def journal_lines(data: Path) -> list[Line]:
    """All points of the journal in its order."""
    packed = rows(data / "points.db", "SELECT body, counts FROM points ORDER BY id")
    return [_line(each.decode()) for body, counts in packed for each in unpack(body, counts)[0]]


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """What a database file answers."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def _line(text: str) -> Line:
    found = _LINE.fullmatch(text)
    assert found is not None, text
    measurement, charger, tags, fields, stamp = found.groups()
    pairs = (pair.partition("=") for pair in re.split(r",(?=\w+=)", fields))
    return Line(measurement, charger, tags, {key: value for key, _, value in pairs}, int(stamp))
