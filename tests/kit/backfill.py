"""A day of scrapes in a real Prometheus, with what the rules would have recorded of it."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bridge.alerts.model import Alert, LinkBases, Recording, RuleGroup
from bridge.alerts.rules_file import recording, rules_text
from bridge.alerts.table import GROUPS
from tests.kit.alerts import RECORDED
from tests.kit.servers import Prometheus, find_program
from tests.kit.servers.web import ask

STEP = 60
PATIENCE_SECONDS = 120.0
_UNITS = {"m": 60, "h": 3600}


def filled(
    folder: Path, scrapes: Sequence[Mapping[str, str]], wanted: frozenset[str], end: int
) -> Prometheus:
    """A server that is not started yet; the last scrape is at `end`, and each a minute long."""
    start = end - STEP * (len(scrapes) - 1)
    lines = folder / "day.openmetrics"
    lines.write_text("\n".join(_openmetrics(scrapes, wanted, start)), encoding="utf-8")
    _blocks(folder, "openmetrics", str(lines), str(folder / "prometheus"))
    server = Prometheus(folder)
    for number, stage in enumerate(stages()):
        rules = folder / f"{number}.yml"
        rules.write_text(rules_text(LinkBases(), [stage]), encoding="utf-8")
        # It sees new blocks when it starts.
        with server:
            _blocks(
                folder, "rules", f"--start={start}", f"--end={end}", f"--eval-interval={STEP}s",
                f"--url={server.url}", f"--output-dir={folder / 'new'}", rules.name,
            )  # fmt: skip
        for block in (folder / "new").glob("*"):
            block.rename(folder / "prometheus" / block.name)
    return server


def stages() -> list[RuleGroup]:
    """All recorded series, those before others that rest on them: promtool takes them so."""
    left = {rule.name: rule for rule in _recordings()}
    found: list[RuleGroup] = []
    while left:
        ready = [
            rule for rule in left.values() if not left.keys() & RECORDED.findall(rule.expression)
        ]
        assert ready, "rules that rest on each other"
        found.append(RuleGroup(f"stage-{len(found)}", tuple(ready)))
        left = {name: rule for name, rule in left.items() if rule not in ready}
    return found


def _recordings() -> Iterator[Recording]:
    for rule in (rule for group in GROUPS for rule in group.rules):
        made = recording(rule) if isinstance(rule, Alert) else rule
        if made is not None:
            yield made


def _openmetrics(
    scrapes: Sequence[Mapping[str, str]], wanted: frozenset[str], start: int
) -> Iterator[str]:
    names = [name for name in dict.fromkeys(name for shown in scrapes for name in shown)
             if name.partition("{")[0] in wanted]  # fmt: skip
    for name in names:
        for number, shown in enumerate(scrapes):
            if name in shown:
                yield f"{name} {shown[name]} {start + STEP * number}"
    yield "# EOF\n"


def _blocks(folder: Path, *arguments: str) -> None:
    """Run it in the folder, so that a file of rules is called alike each time.

    When in a minute promtool evaluates follows from that name, and what falls into the last
    second before a block's edge is left out: with another name each time the day had holes at
    one in sixty.
    """
    command = [find_program("promtool"), "tsdb", "create-blocks-from", *arguments]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_SECONDS,
        check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode()


def met(server: Prometheus, expression: str, start: int, end: int) -> Iterator[list[float]]:
    """When an expression held, for each of its series."""
    asked = {"query": expression, "start": str(start), "end": str(end), "step": str(STEP)}
    found = json.loads(ask(f"{server.url}/api/v1/query_range", asked))["data"]["result"]
    for series in found:
        yield [float(at) for at, _ in series["values"]]


def held(times: Sequence[float], wait: str) -> bool:
    """Whether a condition that was met at these times fires: without a gap for so long."""
    seconds = int(wait[:-1]) * _UNITS[wait[-1]]
    begun = previous = None
    for at in times:
        begun = at if previous is None or begun is None or at - previous > STEP else begun
        previous = at
        if at - begun >= seconds:
            return True
    return False
