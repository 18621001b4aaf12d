"""The shared login waits until a charger was heard for long enough on its own topic."""

from bridge.core.polling.outcome import PollOutcome
from bridge.core.polling.schedule import Mode
from bridge.core.telemetry.telemetry import Telemetry
from tests.kit.core import Bench, restarted
from tests.kit.desk import ONE, Desk

HOUR = 3600.0
DAMAGED: tuple[object, ...] = ("yes", -1, None, [], 1e300)
NEW = ("trusted", "trust_topic", "trust_heard_s")


def waiting(bench: Bench | None = None) -> Desk:
    """A charger that just announced itself, where the login waits for an hour."""
    bench = bench or Bench()
    bench.announce()
    return Desk(bench, login_after=HOUR)


def speak(desk: Desk, seconds: float) -> None:
    for _ in range(round(seconds / 30)):
        desk.speak()
        desk.wait(30)


def telemetry(desk: Desk) -> Telemetry:
    return desk.bench.registry.telemetries[ONE]


def test_a_charger_is_trusted_once_it_was_heard_for_so_long() -> None:
    desk = waiting()
    speak(desk, HOUR - 120)
    assert not desk.known.trusted(ONE)
    speak(desk, 240)
    assert desk.known.trusted(ONE)


def test_two_messages_an_hour_apart_are_not_an_hour() -> None:
    desk = waiting()
    desk.speak()
    desk.wait(HOUR)
    desk.speak()
    desk.wait(60)
    assert not desk.known.trusted(ONE)


def test_an_announcement_alone_is_never_enough() -> None:
    desk = waiting()
    for _ in range(70):
        desk.bench.announce()
        desk.wait(60)
    assert not desk.known.trusted(ONE)


def test_the_time_is_summed_over_runs_without_the_time_between_them() -> None:
    desk = waiting()
    speak(desk, HOUR / 2)
    again = Desk(restarted(desk.bench, after=86_400), login_after=HOUR)
    speak(again, HOUR / 4)
    assert not again.known.trusted(ONE)
    speak(again, HOUR / 4 + 120)
    assert again.known.trusted(ONE)


def test_a_charger_of_an_earlier_version_that_was_heard_is_trusted() -> None:
    desk = waiting()
    speak(desk, 60)
    body = {key: each for key, each in desk.bench.saved()[ONE].items() if key not in NEW}
    bench = Bench()
    bench.restore({ONE: body})
    assert Desk(bench, login_after=HOUR).known.trusted(ONE)


def test_one_of_an_earlier_version_that_never_spoke_is_not() -> None:
    desk = waiting()
    body = {key: each for key, each in desk.bench.saved()[ONE].items() if key not in NEW}
    bench = Bench()
    bench.restore({ONE: body})
    assert not Desk(bench, login_after=HOUR).known.trusted(ONE)


def test_one_that_had_the_login_before_there_was_a_wait_keeps_it() -> None:
    bench = Bench()
    bench.announce()
    speak(Desk(bench), 60)
    assert Desk(restarted(bench), login_after=HOUR).known.trusted(ONE)


def test_an_invented_id_is_not_trusted_after_a_restart() -> None:
    bench = Bench()
    bench.announce()
    Desk(bench).wait(60)
    assert not Desk(restarted(bench), login_after=HOUR).known.trusted(ONE)


def test_a_charger_in_a_file_need_not_wait() -> None:
    desk = waiting()
    desk.named.add(ONE)
    assert desk.known.trusted(ONE)


def test_on_another_topic_the_wait_begins_anew() -> None:
    desk = waiting()
    speak(desk, HOUR + 60)
    assert desk.known.trusted(ONE)
    desk.wait(300)
    desk.bench.announce(base="charger/other", topic="openevse/announce/other")
    desk.bench.hear(("charger/other/amp1", "16"))
    desk.wait(2)
    assert telemetry(desk).charger.base == "charger/other"
    assert not desk.known.trusted(ONE)


def test_a_charger_that_waits_is_no_failed_poll_and_is_polled_soon_after() -> None:
    desk = waiting()
    speak(desk, HOUR - 60)
    desk.answer(PollOutcome.UNTRUSTED)
    assert desk.withheld == [ONE]
    assert telemetry(desk).charger.untrusted
    assert desk.metric("poll_failures_total") == 0
    assert desk.polling.outcomes["untrusted"] == 1
    desk.plan.set_mode(ONE, Mode.OFF, desk.bench.now.steady)
    desk.plan.set_mode(ONE, Mode.ENRICH, desk.bench.now.steady)
    speak(desk, 150)
    assert not telemetry(desk).charger.untrusted
    due = desk.plan.next_due()
    assert due is not None
    assert due <= desk.bench.now.steady + 20


def test_damaged_trust_is_none() -> None:
    desk = waiting()
    speak(desk, 60)
    for damaged in DAMAGED:
        body = {**desk.bench.saved()[ONE], **dict.fromkeys(NEW, damaged), "trusted": False}
        bench = Bench()
        bench.restore({ONE: body})
        found = Desk(bench, login_after=HOUR)
        found.wait(2)
        assert not found.known.trusted(ONE)
