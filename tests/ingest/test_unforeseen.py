"""An unforeseen error anywhere: each reading still has one outcome, and all else goes on."""

import json
from collections.abc import Callable, Iterator

import pytest

from bridge.core.charging.charging import Charging
from bridge.core.discovery.config import FleetConfig
from bridge.core.discovery.fleet import Fleet
from bridge.core.discovery.members import Members
from bridge.core.fields.status import StatusReader
from bridge.core.gateway.gateway import Gateway
from bridge.core.model import ChargerId, Reason
from bridge.core.output.outbox import Outbox
from bridge.core.output.writer import Writer
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.schedule import PollSchedule
from bridge.core.telemetry.channel import Channel
from bridge.core.telemetry.channels import Channels
from bridge.core.telemetry.documents import Documents
from bridge.core.telemetry.frame import Frame
from bridge.core.telemetry.load import Load
from bridge.core.telemetry.points import Points
from bridge.core.telemetry.polled import PolledValues
from bridge.core.telemetry.presence import Presence
from bridge.core.telemetry.telemetry import Telemetry
from bridge.core.telemetry.unit_check import UnitCheck
from bridge.ingest.boundary import Boundary
from bridge.ingest.discovery import Discovery
from bridge.ingest.effects import Effects
from bridge.ingest.poll_replies import PollReplies
from bridge.ingest.registry import Registry
from bridge.ingest.router import Router
from bridge.ingest.routes import AnnounceRoute, FieldRoute, GreetingRoute, IgnoredRoute
from bridge.monitoring.stats import Accounts
from tests.kit.core import Bench, Words
from tests.kit.desk import Desk

STAGES: tuple[tuple[type, str], ...] = (
    (Router, "find"),
    (FieldRoute, "accept"),
    (IgnoredRoute, "accept"),
    (AnnounceRoute, "accept"),
    (GreetingRoute, "accept"),
    (Discovery, "receive_announcement"),
    (Effects, "apply"),
    (Effects, "_retire"),
    (Registry, "retire"),
    (Members, "observe_silence"),
    (Telemetry, "receive"),
    (Telemetry, "_begin_moment"),
    (Telemetry, "close"),
    (Telemetry, "close_if_quiet"),
    (Telemetry, "sweep"),
    (Telemetry, "saved"),
    (Channel, "read"),
    (Channel, "show"),
    (Channels, "expire"),
    (Frame, "over"),
    (Frame, "add_second_name"),
    (Points, "write"),
    (Load, "observe"),
    (UnitCheck, "observe"),
    (Writer, "write_point"),
    (Writer, "write_event"),
    (Writer, "write_session"),
    (Charging, "observe_state"),
    (Charging, "observe_energy"),
    (Charging, "observe_session"),
    (Charging, "observe_load"),
    (Charging, "sweep"),
    (Presence, "mark_up"),
    (Presence, "sweep"),
    (Documents, "receive_status"),
    (Documents, "receive_config"),
    (Documents, "receive_crashlog"),
    (Documents, "poll_failed"),
    (Documents, "poll_mode"),
    (PolledValues, "receive"),
    (PolledValues, "stale"),
    (Gateway, "observe_status"),
    (Gateway, "observe_config"),
    (Gateway, "observe_crashlog"),
    (Gateway, "page_missing"),
    (Gateway, "sweep"),
    (StatusReader, "read"),
    (PollReplies, "process"),
    (PollSchedule, "set_mode"),
)
NAMES = [f"{kind.__name__}.{name}" for kind, name in STAGES]


class Fault:
    """Raises once, in the call with this number, before or after the work."""

    def __init__(self, number: int, *, after: bool) -> None:
        self.left = number
        self.after = after
        self.raised = False

    def wrap(self, work: Callable[..., object]) -> Callable[..., object]:
        def broken(*args: object, **more: object) -> object:
            self.left -= 1
            if self.left != -1:
                return work(*args, **more)
            self.raised = True
            if self.after:
                work(*args, **more)
            raise ZeroDivisionError("unforeseen")

        return broken


def told(bench: Bench, base: str, **members: str) -> None:
    bench.hear(*((f"{base}/{key}", value) for key, value in members.items()))


def announce_two(bench: Bench) -> None:
    bench.announce("two", "charger/two", topic="openevse/announce/two", name="two")


def lively(bench: Bench, desk: Desk) -> Iterator[None]:
    """Some minutes of two chargers; each step may fail."""
    members = {"amp1": "16", "amp": "16", "v1": "230", "pilot": "16", "wh": "5000",
               "wattsec": "3600", "elapsed": "60", "temp1": "false", "strange": "1"}  # fmt: skip
    for state in ("1", "2", "3", "3", "2", "6", "1"):
        for base in ("charger/one", "charger/two"):
            told(bench, base, state=state, **members)
            told(bench, base, amp1="16000", state=state)
        yield
        desk.wait(2)
        bench.hear(("charger/one", "connected"), ("charger/one/amp1", "nonsense"))
        desk.answer(boot_count=1, uptime=5)
        yield
    desk.page(Page.CONFIG, {"firmware": "7.1.3", "max_current_hard": 48})
    desk.page(Page.CRASHLOG, [{"seq": 1}])
    desk.page(Page.CRASHLOG, None)
    desk.answer(PollOutcome.TIMEOUT)
    yield
    desk.wait(130)
    bench.hear(("openevse/announce/c123", ""))
    yield
    told(bench, "charger/two", state="3", **members)


def ended(bench: Bench) -> None:
    bench.registry.saved_states([ChargerId("abc123"), ChargerId("two")])
    bench.registry.close()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("kind", "name"), STAGES, ids=NAMES)
def test_every_reading_has_one_outcome_after_an_error_in(
    monkeypatch: pytest.MonkeyPatch, kind: type, name: str, *, after: bool
) -> None:
    raised = 0
    for number in (0, 1, 2, 5, 17):
        fault = Fault(number, after=after)
        bench = Bench()
        desk = Desk(bench)
        with monkeypatch.context() as patch:
            patch.setattr(kind, name, fault.wrap(getattr(kind, name)))
            bench.announce()
            announce_two(bench)
            for _ in lively(bench, desk):
                assert bench.unaccounted() == 0
            ended(bench)
        assert bench.unaccounted() == 0
        assert len(bench.words.bugs) == int(fault.raised)
        raised += fault.raised
        announce_two(bench)
        seen = len(bench.out.lines)
        told(bench, "charger/two", pilot="32")
        bench.wait(1)
        assert any(b"charger=two pilot=32.0" in line for line in bench.out.lines[seen:])
        assert bench.unaccounted() == 0
    assert raised


def test_an_error_while_a_frame_closes_costs_the_whole_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    bench.announce()
    told(bench, "charger/one", amp1="16", v1="230", pilot="16")
    with monkeypatch.context() as patch:
        patch.setattr(Points, "write", Fault(0, after=False).wrap(Points.write))
        told(bench, "charger/one", amp1="17")
    assert bench.accounts.received == 4
    assert bench.discarded() == {"bug": 4}


def test_an_error_after_a_reading_joined_its_frame_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    bench.announce()
    with monkeypatch.context() as patch:
        patch.setattr(Channel, "show", Fault(0, after=False).wrap(Channel.show))
        told(bench, "charger/one", amp1="16")
    bench.wait(1)
    assert len(bench.words.bugs) == 1
    assert (bench.accounts.received, bench.out.readings_held, bench.discarded()) == (1, 1, {})


@pytest.mark.parametrize("stage", ["observe_silence", "retire"])
def test_an_error_while_one_charger_retires_keeps_no_other_from_it(
    monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    bench = Bench(FleetConfig(retire_after=10.0))
    bench.announce()
    announce_two(bench)
    monkeypatch.setattr(Members, stage, Fault(0, after=False).wrap(getattr(Members, stage)))
    bench.wait(11)
    assert (bench.ears.gone, len(bench.words.bugs)) == (["two"], 1)
    bench.wait(10)
    assert bench.ears.gone == ["two", "abc123"]


def test_a_charger_whose_announcement_was_cut_short_is_followed_when_it_speaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    with monkeypatch.context() as patch:
        patch.setattr(Registry, "add", Fault(0, after=False).wrap(Registry.add))
        bench.announce()
    assert bench.ears.filters == {"charger/one/#"}
    told(bench, "charger/one", pilot="16")
    bench.wait(1)
    assert bench.points() == ["pilot=16.0,polled=0i"]


def test_an_error_in_the_sweep_of_one_charger_leaves_the_others_swept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    bench.announce()
    announce_two(bench)
    for base in ("charger/one", "charger/two"):
        told(bench, base, pilot="16")
    with monkeypatch.context() as patch:
        patch.setattr(Presence, "sweep", Fault(0, after=False).wrap(Presence.sweep))
        bench.wait(121)
    assert len(bench.words.bugs) == 1
    assert bench.metrics()['evse_up{charger="two"}'] == 0
    bench.wait(1)
    assert bench.metrics()['evse_up{charger="abc123"}'] == 0


def test_a_charger_whose_state_cannot_be_saved_keeps_no_other_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    bench.announce()
    announce_two(bench)
    monkeypatch.setattr(Telemetry, "saved", Fault(0, after=False).wrap(Telemetry.saved))
    states = bench.registry.saved_states([ChargerId("abc123"), ChargerId("two")])
    assert list(states) == ["two"]


def test_an_error_among_messages_of_one_batch_counts_those_before_and_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    bench.announce()
    topics = ("amp1", "amp2", "pilot", "wh", "charge_rate")
    monkeypatch.setattr(Channel, "read", Fault(2, after=False).wrap(Channel.read))
    bench.take(*((f"charger/one/{key}".encode(), b"16", False) for key in topics))
    assert (bench.accounts.received, bench.discarded()) == (5, {Reason.BUG.value: 1})
    assert bench.out.readings_open == 4


def test_an_announcement_with_an_error_is_no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    monkeypatch.setattr(Fleet, "receive_announcement", None)
    bench.hear(
        ("openevse/announce/x", json.dumps({"state": "connected", "id": "x", "mqtt": "x/y"}))
    )
    assert (len(bench.words.bugs), bench.accounts.received, bench.unaccounted()) == (1, 0, 0)


def test_what_the_journal_still_owes_a_store_has_its_outcome_pending() -> None:
    accounts = Accounts(received=10, recovered=5, stored=4)
    accounts.discard(Reason.IMPLAUSIBLE, 2)
    out, words = Outbox(), Words()
    out.append(b"line", 3, 1)
    boundary = Boundary(accounts=accounts, out=out, backlog=lambda: 5, report=words)
    boundary.failed(b"topic", ZeroDivisionError())
    assert accounts.discarded[Reason.BUG] == 1
    boundary.failed(b"topic", ZeroDivisionError())
    assert accounts.discarded[Reason.BUG] == 1


def test_work_that_fails_returns_nothing_and_is_reported() -> None:
    bench = Bench()
    assert bench.boundary.run("charger", lambda: 1 // 0) is None
    assert bench.boundary.run("charger", lambda: 1 // 1) == 1
    assert [type(bug) for bug in bench.words.bugs] == [ZeroDivisionError]
