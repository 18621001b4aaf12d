"""The pipeline's boundary: one message can harm nothing but itself."""

from bridge.core.clock import Moment, Steady, Unix
from bridge.core.model import Reason
from bridge.core.output.outbox import Outbox
from bridge.ingest.boundary import Boundary
from bridge.ingest.pipeline import Pipeline, Route
from bridge.monitoring.stats import Accounts
from tests.kit.core import EPOCH, Bench, Words


class Broken:
    """A route with a bug."""

    reading = True
    charger = "abc123"

    def accept(self, payload: bytes, retained: bool, now: Moment) -> Reason | None:
        raise ZeroDivisionError(payload)


class BrokenRouter:
    """Knows the broken route alone, and fails at learning others."""

    def __init__(self) -> None:
        self.routes: dict[bytes, Route] = {b"broken": Broken()}

    def find(self, topic: bytes) -> Route:
        raise KeyError(topic)


def test_an_unforeseen_error_costs_one_reading_and_is_counted_as_a_bug() -> None:
    accounts, words, out = Accounts(), Words(), Outbox()
    boundary = Boundary(accounts=accounts, out=out, backlog=lambda: 0, report=words)
    pipeline = Pipeline(
        router=BrokenRouter(), accounts=accounts, out=out, report=words, boundary=boundary
    )
    now = Moment(Unix(EPOCH), Steady(0.0))
    pipeline.process([(b"broken", b"1", False), (b"other", b"2", False)], now)
    assert (accounts.received, accounts.discarded[Reason.BUG]) == (2, 2)
    assert [type(bug) for bug in words.bugs] == [ZeroDivisionError, KeyError]


def test_odd_readings_are_told_with_their_charger_and_what_they_said() -> None:
    bench = Bench()
    bench.announce()
    bench.hear(
        ("charger/one/amp", "rubbish"), ("charger/one/amp", "-5"), ("charger/one/temp1", "false"),
        ("charger/one/strange", "1"), ("charger/one/rapi/out", "$OK^20"),
    )  # fmt: skip
    assert bench.words.told == [
        ("abc123", "rubbish", "malformed"),
        ("abc123", "-5", "implausible"),
    ]


def test_a_topic_that_is_no_text_belongs_to_nobody() -> None:
    bench = Bench()
    bench.announce()
    bench.take((b"charger/one/\xff", b"1", False))
    assert (bench.unrouted, bench.accounts.received) == (1, 0)


def test_an_announcement_that_breaks_something_is_told_and_no_reading() -> None:
    bench = Bench()
    bench.ears.announced = None  # type: ignore[method-assign, assignment]
    bench.announce()
    assert [type(bug) for bug in bench.words.bugs] == [TypeError]
    assert bench.accounts.received == 0


def test_the_order_of_a_batch_is_kept() -> None:
    bench = Bench()
    bench.announce()
    bench.take(*((b"charger/one/state", code, False) for code in (b"1", b"2", b"3", b"2", b"6")))
    assert [event.code for event in bench.out.events if event.kind == "state"] == [2, 3, 2, 6]
