"""Who may import whom, read from the sources under bridge/ without importing them."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.kit.root import ROOT

IMPURE = ("asyncio", "socket", "time", "logging", "sqlite3", "threading", "os", "pathlib")
ROOMS = {
    # A folder of bridge/, or a file beside the folders: what it may import, itself aside.
    "core": "",
    "runtime": "core",
    "logs": "core",
    "settings": "core logs runtime",
    "monitoring": "core logs runtime",
    "alerts": "core",
    # The names of recorded series are what rules and dashboards share.
    "dashboards": "core alerts.recorded",
    "ingest": "core monitoring runtime",
    "sources.mqtt": "core",
    "sources.http": "core",
    "sinks.prometheus": "core",
    "sinks.influx": "core",
    "storage": "core monitoring",
    "web": "core runtime",
    "sim": "",
    "app": "core runtime logs settings monitoring ingest sources sinks storage web version",
    "tools": "core runtime logs settings monitoring alerts dashboards ingest sources sinks storage"
    " web sim app version",
    "cli": "core runtime logs settings monitoring alerts dashboards ingest sources sinks storage"
    " web sim app tools version",
    "__main__": "cli",
    # What is in the packages' own faces: their docstrings, and the version.
    "sources": "",
    "sinks": "",
    "version": "",
}
BASE = (
    "core.model core.errors core.clock core.clock_steps core.clock_offset core.labels core.counters"
    " core.token_bucket core.backoff core.unread core.untrusted_json core.text"
    " core.doubt"
)
_FIRST = f"{BASE} core.output core.polling core.discovery"
_SECOND = f"{_FIRST} core.fields"
_THIRD = f"{_SECOND} core.charging core.gateway core.rapi"
CORE = {
    # The same within core: what stands further down knows only what stands above it.
    **dict.fromkeys(BASE.split(), BASE),
    "core.output": BASE,
    "core.polling": BASE,
    "core.discovery": BASE,
    "core.fields": _FIRST,
    "core.charging": _SECOND,
    "core.gateway": _SECOND,
    "core.rapi": _SECOND,
    "core.telemetry": _THIRD,
    "core": "",
}
PUBLISHER = "bridge.sources.mqtt.publisher"
CHARGER_COMMANDS = "bridge.tools.charger"


@dataclass(frozen=True, slots=True)
class Rule:
    """Nobody but `but` may import `banned`; a name stands for itself and all below it."""

    banned: tuple[str, ...]
    but: tuple[str, ...] = ()


RULES = (
    Rule(("paho",), ("bridge.sources.mqtt", "bridge.sim")),
    Rule(("influxdb_client",), ("bridge.sinks.influx",)),
    Rule(("amqtt",), ("bridge.tools.demo",)),
    # The bridge only reads: what asks and configures chargers is for commands alone.
    Rule((CHARGER_COMMANDS,), ("bridge.tools",)),
    # So does a query over MQTT, where a setting asks for it.
    Rule((PUBLISHER,), ("bridge.app.build_mqtt", CHARGER_COMMANDS)),
)


@dataclass(frozen=True, slots=True)
class Import:
    """One name that a module imports."""

    module: str
    name: str
    line: int


def covers(name: str, place: str) -> bool:
    """Whether a dotted name stands for that place, or for what it is in."""
    return place == name or place.startswith(f"{name}.")


def one_covers(names: Iterable[str], place: str) -> bool:
    return any(covers(name, place) for name in names)


def row_of(table: dict[str, str], place: str) -> str:
    """The row that stands for a place: the longest name that covers it."""
    return max((name for name in table if covers(name, place)), key=len, default="")


def place_of(name: str) -> str:
    """Where below bridge/ an imported name comes from; the version comes from bridge itself."""
    return name.removeprefix("bridge").removeprefix(".") or "version"


def within(found: Import, table: dict[str, str]) -> bool:
    """Whether a table allows an import from one of its rooms into another."""
    here, there = place_of(found.module), place_of(found.name)
    row = row_of(table, here)
    return covers(row, there) or one_covers(table[row].split(), there)


def allowed(found: Import) -> bool:
    """Whether a module may import a name."""
    here = place_of(found.module)
    if covers("core", here) and one_covers(IMPURE, found.name):
        return False
    for rule in RULES:
        if one_covers(rule.banned, found.name) and not one_covers(rule.but, found.module):
            return False
    if found.name == "bridge.__version__":
        return one_covers(("app", "tools", "cli"), here)
    if not covers("bridge", found.name):
        return True
    return within(found, ROOMS) and (not covers("core", here) or within(found, CORE))


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


def modules(root: Path) -> list[Path]:
    return sorted((root / "bridge").rglob("*.py"))


def violations(root: Path) -> list[str]:
    """The imports under bridge/ that no table and no rule allows."""
    return [
        f"{found.module}:{found.line} imports {found.name}"
        for path in modules(root)
        for found in imports(path, root)
        if not allowed(found)
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


def test_every_room_has_a_row_and_every_row_a_room() -> None:
    found = {place_of(module_of(path, ROOT)) for path in modules(ROOT)}
    assert {row_of(ROOMS, place) for place in found} == ROOMS.keys()
    inside = {place for place in found if covers("core", place)}
    assert {row_of(CORE, place) for place in inside} == CORE.keys()


def test_the_bridge_is_read_at_all() -> None:
    found = {f.module for path in modules(ROOT) for f in imports(path, ROOT)}
    assert {
        "bridge.core.fields.decode", "bridge.tools.demo.broker", "bridge.ingest.pipeline"
    } <= found  # fmt: skip


def test_a_core_that_looks_at_the_clock_is_caught(tmp_path: Path) -> None:
    tree(tmp_path, core__telemetry__frame="import json\nimport time\n")
    assert violations(tmp_path) == ["bridge.core.telemetry.frame:2 imports time"]


def test_an_import_inside_a_function_is_caught(tmp_path: Path) -> None:
    tree(tmp_path, core__telemetry__frame="def f():\n    from os.path import join\n")
    assert violations(tmp_path) == ["bridge.core.telemetry.frame:2 imports os.path.join"]


def test_a_relative_import_is_caught(tmp_path: Path) -> None:
    tree(tmp_path, core__model="from ..sinks import influx\n", sinks__influx__client="")
    assert violations(tmp_path) == ["bridge.core.model:1 imports bridge.sinks.influx"]


def test_a_relative_import_from_a_package_is_caught(tmp_path: Path) -> None:
    tree(tmp_path, core__model="")
    package = tmp_path / "bridge" / "core" / "__init__.py"
    package.write_text("from .. import sim\n", encoding="utf-8")
    assert violations(tmp_path) == ["bridge.core:1 imports bridge.sim"]


def test_a_package_imported_by_its_parent_is_caught(tmp_path: Path) -> None:
    tree(tmp_path, app__service="from bridge import cli, core\n")
    assert violations(tmp_path) == ["bridge.app.service:1 imports bridge.cli"]


def test_a_source_that_knows_a_sink_is_caught(tmp_path: Path) -> None:
    tree(tmp_path, sources__http__client="from bridge.storage.journal import Journal\n")
    assert violations(tmp_path) == [
        "bridge.sources.http.client:1 imports bridge.storage.journal.Journal"
    ]


def test_sources_and_sinks_that_know_their_neighbours_are_caught(tmp_path: Path) -> None:
    tree(
        tmp_path,
        sources__http__client="from bridge.sources.mqtt.link import Link\n",
        sinks__prometheus="from bridge.sinks.influx.client import InfluxClient\n",
    )
    assert violations(tmp_path) == [
        "bridge.sinks.prometheus:1 imports bridge.sinks.influx.client.InfluxClient",
        "bridge.sources.http.client:1 imports bridge.sources.mqtt.link.Link",
    ]


def test_a_core_that_knows_what_stands_below_it_is_caught(tmp_path: Path) -> None:
    tree(
        tmp_path,
        core__fields__decode="from bridge.core.telemetry.channel import Channel\n",
        core__output__outbox="from bridge.core.discovery.charger import Charger\n",
        core__counters="from bridge.core.output.batch import Batch\n",
        core__telemetry__channel="from bridge.core.fields.decode import parser\n",
    )
    assert violations(tmp_path) == [
        "bridge.core.counters:1 imports bridge.core.output.batch.Batch",
        "bridge.core.fields.decode:1 imports bridge.core.telemetry.channel.Channel",
        "bridge.core.output.outbox:1 imports bridge.core.discovery.charger.Charger",
    ]


def test_a_simulator_that_shares_code_with_the_bridge_is_caught(tmp_path: Path) -> None:
    tree(tmp_path, sim__wire="from bridge.core.fields import decode\nimport bridge.sim.message\n")
    assert violations(tmp_path) == ["bridge.sim.wire:1 imports bridge.core.fields.decode"]


def test_dashboards_share_only_names_with_alerts(tmp_path: Path) -> None:
    both = "from bridge.alerts.recorded import POWER\nfrom bridge.alerts.table import ALERTS\n"
    tree(tmp_path, dashboards__words=both)
    assert violations(tmp_path) == ["bridge.dashboards.words:2 imports bridge.alerts.table.ALERTS"]


def test_each_library_stays_in_its_place(tmp_path: Path) -> None:
    every = "import paho.mqtt.client\nimport influxdb_client\nimport amqtt.broker\n"
    tree(tmp_path, sources__mqtt__tls=every, sinks__influx__client=every, tools__demo__broker=every)
    assert violations(tmp_path) == [
        "bridge.sinks.influx.client:1 imports paho.mqtt.client",
        "bridge.sinks.influx.client:3 imports amqtt.broker",
        "bridge.sources.mqtt.tls:2 imports influxdb_client",
        "bridge.sources.mqtt.tls:3 imports amqtt.broker",
        "bridge.tools.demo.broker:1 imports paho.mqtt.client",
        "bridge.tools.demo.broker:2 imports influxdb_client",
    ]


def test_a_bridge_that_speaks_to_chargers_is_caught(tmp_path: Path) -> None:
    visit = "from bridge.tools.charger.mqtt_session import MqttSession\n"
    tree(tmp_path, app__service=visit, sources__http__client=visit, tools__enroll__run=visit)
    assert violations(tmp_path) == [
        "bridge.app.service:1 imports bridge.tools.charger.mqtt_session.MqttSession",
        "bridge.sources.http.client:1 imports bridge.tools.charger.mqtt_session.MqttSession",
    ]


def test_a_bridge_that_could_ask_without_a_switch_is_caught(tmp_path: Path) -> None:
    asking = "from bridge.sources.mqtt.publisher import PublishingMqttClient\n"
    tree(tmp_path, app__build=asking, app__build_mqtt=asking, tools__charger__mqtt_session=asking)
    assert violations(tmp_path) == [
        "bridge.app.build:1 imports bridge.sources.mqtt.publisher.PublishingMqttClient"
    ]


def test_only_one_kind_of_connection_publishes() -> None:
    found = {
        path.stem
        for path in modules(ROOT)
        if ".publish(" in path.read_text(encoding="utf-8")
        and "sim" not in path.parts
        and not path.stem.startswith("broker_patched")
    }
    assert found == {"publisher"}


def test_a_name_that_only_begins_alike_is_free(tmp_path: Path) -> None:
    tree(tmp_path, core__model="import timeit\nfrom bridge.core.clock import x\n")
    assert violations(tmp_path) == []


def test_the_folders_are_the_rooms_and_the_tests_are_laid_out_like_them() -> None:
    folders = {
        path.relative_to(ROOT / "bridge")
        for path in (ROOT / "bridge").rglob("*")
        if path.is_dir() and path.name != "__pycache__"
    }
    assert {folder.parts[0] for folder in folders} == {row.partition(".")[0] for row in ROOMS} - {
        "cli",
        "__main__",
        "version",
    }
    assert {path.name for path in (ROOT / "bridge").iterdir() if path.is_file()} == {
        "__init__.py", "__main__.py", "cli.py", "py.typed"
    }  # fmt: skip
    missing = {folder for folder in folders if not list((ROOT / "tests" / folder).glob("test_*"))}
    assert missing - {Path("core"), Path("sources"), Path("sinks")} == set()
