"""What the reporter logs and counts."""

from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from bridge.core.model import ChargerId
from bridge.core.polling.outcome import Page
from bridge.core.unread import Fault, Unread
from bridge.logs import RepeatedLog
from bridge.monitoring.reporter import Reporter
from bridge.monitoring.stats import Stats


@dataclass
class Lines:
    """A log that remembers, with a clock of its own."""

    now: float = 1000.0
    lines: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def log(self, level: int, event: str, **fields: object) -> None:
        self.lines.append((event, fields))


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def stats() -> Stats:
    return Stats(version="1", stores=())


@pytest.fixture
def reporter(lines: Lines, stats: Stats) -> Reporter:
    return Reporter(stats=stats, repeated_log=RepeatedLog(lines, clock=lines.clock))


def count(registry: CollectorRegistry, page: str) -> float | None:
    return registry.get_sample_value("evse_bridge_documents_unread_total", {"page": page})


def test_a_document_that_could_not_be_read_is_logged_without_its_text(
    reporter: Reporter, lines: Lines
) -> None:
    reporter.document_unread(ChargerId("a1"), Page.STATUS, Unread(Fault.TRUNCATED, 16, "amp"))
    reporter.document_unread(ChargerId("b2"), Page.CONFIG, Unread(Fault.NOT_JSON, 9, "my-ssid"))
    reporter.document_unread(ChargerId("c3"), Page.CRASHLOG, Unread(Fault.NOT_HTTP))
    assert lines.lines == [
        ("document.unread",
         {"charger": "a1", "page": "/status", "fault": "truncated", "offset": 16, "member": "amp"}),
        ("document.unread",
         {"charger": "b2", "page": "/config", "fault": "not_json", "offset": 9}),
        ("document.unread",
         {"charger": "c3", "page": "/crashlog", "fault": "not_http", "offset": 0}),
    ]  # fmt: skip


def test_unread_documents_are_one_line_per_charger_and_hour(
    reporter: Reporter, lines: Lines
) -> None:
    repeated = RepeatedLog(lines, clock=lines.clock)
    for _ in range(130):
        repeated.report_hourly("document.unread", charger="a1")
        repeated.report_hourly("document.unread", charger="b2")
        repeated.sweep()
        lines.now += 30
    found = [fields for _, fields in lines.lines]
    assert found == [
        {"charger": "a1"}, {"charger": "b2"},
        {"charger": "a1", "repeated": 119}, {"charger": "b2", "repeated": 119},
    ]  # fmt: skip


def test_unread_documents_are_counted_by_page_from_0(reporter: Reporter, stats: Stats) -> None:
    assert [count(stats.registry, page) for page in Page] == [0, 0, 0]
    reporter.document_unread(ChargerId("a1"), Page.CONFIG, Unread(Fault.EMPTY))
    assert [count(stats.registry, page) for page in Page] == [0, 1, 0]
