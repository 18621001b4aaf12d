"""Who may import whom, read from the sources under bridge/ without importing them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.kit.root import ROOT

IMPURE = ("asyncio", "socket", "time", "logging", "sqlite3", "threading", "os", "pathlib")
ASKING = "bridge.sources.mqtt.publisher"
SPEAKING = ("bridge.tools.charger.mqtt_session", "bridge.tools.charger.http_request")


@dataclass(frozen=True, slots=True)
class Rule:
    """`who` may not import `banned`, `allowed` excepted.

    A name stands for itself and all below it; one that ends with `*` also for all names
    that begin so. `exempt` are the importers, within `who`, that may after all.
    """

    who: tuple[str, ...]
    banned: tuple[str, ...]
    allowed: tuple[str, ...] = ()
    exempt: tuple[str, ...] = ()


RULES = (
    Rule(("bridge.core",), ("bridge",), allowed=("bridge.core",)),
    Rule(("bridge.core",), IMPURE),
    Rule(("bridge.sim",), ("bridge",), allowed=("bridge.sim",)),
    Rule(("bridge.settings",), ("bridge",), ("bridge.settings", "bridge.core", "bridge.logs")),
    Rule(
        ("bridge.dashboards",),
        ("bridge",),
        # The names of recorded series are what rules and dashboards share.
        allowed=("bridge.dashboards", "bridge.core", "bridge.alerts.recorded"),
    ),
    Rule(("bridge.logs",), ("bridge",), allowed=("bridge.logs", "bridge.core")),
    Rule(("bridge.alerts",), ("bridge",), allowed=("bridge.alerts", "bridge.core")),
    Rule(("bridge.sources",), ("bridge.sinks", "bridge.web")),
    Rule(("bridge.sinks",), ("bridge.sources", "bridge.web")),
    Rule(("bridge.web",), ("bridge.sources", "bridge.sinks")),
    Rule(("bridge.ingest.pipeline",), ("bridge.sources", "bridge.sinks", "bridge.web")),
    Rule(("bridge",), ("bridge.cli",), exempt=("bridge.__main__",)),
    Rule(("bridge",), ("bridge.sim",), exempt=("bridge.cli", "bridge.tools", "bridge.sim")),
    # The bridge only reads: what asks and configures chargers is for commands alone.
    Rule(("bridge",), SPEAKING, exempt=("bridge.tools",)),
    # So does a query over MQTT, where a setting asks for it.
    Rule(("bridge",), (ASKING,), exempt=("bridge.app.build_mqtt", "bridge.tools.charger")),
    Rule(("bridge",), ("paho",), exempt=("bridge.sources.mqtt*", "bridge.sim")),
    Rule(("bridge",), ("influxdb_client",), exempt=("bridge.sinks.influx*",)),
    Rule(("bridge",), ("amqtt",), exempt=("bridge.tools.demo",)),
)


@dataclass(frozen=True, slots=True)
class Import:
    """One name that a module imports."""

    module: str
    name: str
    line: int


def covers(pattern: str, name: str) -> bool:
    if pattern.endswith("*"):
        return name.startswith(pattern[:-1])
    return name == pattern or name.startswith(f"{pattern}.")


def one_covers(patterns: tuple[str, ...], name: str) -> bool:
    return any(covers(pattern, name) for pattern in patterns)


def broken_by(found: Import, rule: Rule) -> bool:
    concerned = one_covers(rule.who, found.module) and not one_covers(rule.exempt, found.module)
    return (
        concerned
        and one_covers(rule.banned, found.name)
        and not one_covers(rule.allowed, found.name)
    )


def module_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def absolute(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    """The module that `from ... import` names, with leading dots resolved."""
    if not node.level:
        return node.module or ""
    kept = module.split(".")
    kept = kept[: len(kept) - node.level + is_package]
    return ".".join([*kept, *([node.module] if node.module else [])])


def imports(path: Path, root: Path) -> Iterator[Import]:
    """All imports of a file, also those inside functions and for type checkers alone."""
    module = module_of(path, root)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            origin = absolute(node, module, path.name == "__init__.py")
            for alias in node.names:
                # `from bridge import sim` imports bridge.sim.
                yield Import(module, f"{origin}.{alias.name}", node.lineno)


def violations(root: Path) -> list[str]:
    """The imports under bridge/ that a rule forbids."""
    return [
        f"{found.module}:{found.line} imports {found.name}"
        for path in sorted((root / "bridge").rglob("*.py"))
        for found in imports(path, root)
        if any(broken_by(found, rule) for rule in RULES)
    ]


def tree(root: Path, **sources: str) -> Path:
    """A small bridge; `sinks__influx="…"` writes bridge/sinks/influx.py."""
    for name, text in sources.items():
        path = root / "bridge" / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_every_import_keeps_to_the_layers() -> None:
    assert violations(ROOT) == []


def test_the_bridge_is_read_at_all() -> None:
    found = {f.module for path in (ROOT / "bridge").rglob("*.py") for f in imports(path, ROOT)}
    assert {
        "bridge.core.fields.decode",
        "bridge.tools.demo.broker",
        "bridge.ingest.pipeline",
    } <= found


def test_a_core_that_looks_at_the_clock_is_caught(tmp_path: Path) -> None:
    tree(tmp_path, core__frames="import json\nimport time\n")
    assert violations(tmp_path) == ["bridge.core.frames:2 imports time"]


def test_an_import_inside_a_function_is_caught(tmp_path: Path) -> None:
    tree(tmp_path, core__frames="def f():\n    from os.path import join\n")
    assert violations(tmp_path) == ["bridge.core.frames:2 imports os.path.join"]


def test_a_relative_import_is_caught(tmp_path: Path) -> None:
    tree(tmp_path, core__fleet="from ..sinks import lines\n", sinks__lines="")
    assert violations(tmp_path) == ["bridge.core.fleet:1 imports bridge.sinks.lines"]


def test_a_relative_import_from_a_package_is_caught(tmp_path: Path) -> None:
    tree(tmp_path, core__frames="")
    package = tmp_path / "bridge" / "core" / "__init__.py"
    package.write_text("from .. import sim\nfrom . import frames\n", encoding="utf-8")
    assert violations(tmp_path) == ["bridge.core:1 imports bridge.sim"]


def test_a_package_imported_by_its_parent_is_caught(tmp_path: Path) -> None:
    tree(tmp_path, service="from bridge import cli, core\n")
    assert violations(tmp_path) == ["bridge.service:1 imports bridge.cli"]


def test_a_source_that_knows_a_sink_is_caught(tmp_path: Path) -> None:
    tree(tmp_path, sources__http="from bridge.sinks.journal import Journal\n")
    assert violations(tmp_path) == ["bridge.sources.http:1 imports bridge.sinks.journal.Journal"]


def test_a_simulator_that_shares_code_with_the_bridge_is_caught(tmp_path: Path) -> None:
    tree(tmp_path, sim__wire="from bridge.core.units import KILO\nimport bridge.sim.message\n")
    assert violations(tmp_path) == ["bridge.sim.wire:1 imports bridge.core.units.KILO"]


def test_each_library_stays_in_its_place(tmp_path: Path) -> None:
    every = "import paho.mqtt.client\nimport influxdb_client\nimport amqtt.broker\n"
    tree(tmp_path, sources__mqtt_tls=every, sinks__influx=every, tools__demo__broker=every)
    assert violations(tmp_path) == [
        "bridge.sinks.influx:1 imports paho.mqtt.client",
        "bridge.sinks.influx:3 imports amqtt.broker",
        "bridge.sources.mqtt_tls:2 imports influxdb_client",
        "bridge.sources.mqtt_tls:3 imports amqtt.broker",
        "bridge.tools.demo.broker:1 imports paho.mqtt.client",
        "bridge.tools.demo.broker:2 imports influxdb_client",
    ]


def test_a_bridge_that_speaks_to_chargers_is_caught(tmp_path: Path) -> None:
    speaking = "from bridge.tools.charger.mqtt_session import Visit\n"
    tree(tmp_path, service=speaking, sources__http=speaking, tools__query=speaking)
    assert violations(tmp_path) == [
        "bridge.service:1 imports bridge.tools.charger.mqtt_session.Visit",
        "bridge.sources.http:1 imports bridge.tools.charger.mqtt_session.Visit",
    ]


def test_a_bridge_that_could_ask_without_a_switch_is_caught(tmp_path: Path) -> None:
    asking = "from bridge.sources.mqtt.publisher import SpeakingMqtt\n"
    tree(tmp_path, app__build=asking, app__build_mqtt=asking, tools__charger__mqtt_visit=asking)
    assert violations(tmp_path) == [
        "bridge.app.build:1 imports bridge.sources.mqtt.publisher.SpeakingMqtt"
    ]


def test_only_one_kind_of_connection_publishes() -> None:
    found = {
        path.stem
        for path in (ROOT / "bridge").rglob("*.py")
        if ".publish(" in path.read_text(encoding="utf-8")
        and "sim" not in path.parts
        and not path.stem.startswith("broker_patched")
    }
    assert found == {"publisher"}


def test_a_name_that_only_begins_alike_is_free(tmp_path: Path) -> None:
    tree(tmp_path, core__frames="import timeit\nfrom bridge.core.time import x\n")
    assert violations(tmp_path) == []
