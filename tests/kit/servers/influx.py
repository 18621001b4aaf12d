"""InfluxDB 1, which takes line protocol and answers InfluxQL."""

import json
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.kit.servers.process import Server
from tests.kit.servers.web import ASK_SECONDS, ask

DATABASE = "chargers"
PORTION = 5000
_CONFIG = """\
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
[monitor]
store-enabled = false
"""


@dataclass(frozen=True, slots=True)
class Table:
    """One series of an answer; the first column is the time in Unix milliseconds."""

    tags: dict[str, str]
    columns: list[str]
    rows: list[list[Any]]


class InfluxDB(Server):
    """A database of one name, made by the first write."""

    program = "influxd"
    ready = "Listening on HTTP"

    def arguments(self) -> Sequence[str]:
        folder = self._folder / "influxd"
        config = self._folder / "influxd.conf"
        config.write_text(_CONFIG.format(folder=folder, port=self._port), encoding="utf-8")
        return ["-config", str(config)]

    def write(self, lines: Iterable[bytes]) -> None:
        """Line protocol with stamps in milliseconds; fails where a line is refused."""
        self._post("/query", f"q=CREATE+DATABASE+{DATABASE}".encode())
        rows = list(lines)
        for first in range(0, len(rows), PORTION):
            body = b"\n".join(rows[first : first + PORTION])
            self._post(f"/write?db={DATABASE}&precision=ms", body)

    def query(self, text: str) -> list[Table]:
        """What a statement finds; AssertionError with its words where it is none."""
        parameters = {"q": text, "db": DATABASE, "epoch": "ms"}
        (result,) = json.loads(ask(f"{self.url}/query", parameters))["results"]
        assert "error" not in result, f"{result['error']}: {text}"
        found = result.get("series", [])
        return [Table(each.get("tags", {}), each["columns"], each["values"]) for each in found]

    def _post(self, path: str, body: bytes) -> None:
        request = urllib.request.Request(f"{self.url}{path}", body)
        with urllib.request.urlopen(request, timeout=ASK_SECONDS) as answer:
            answer.read()
