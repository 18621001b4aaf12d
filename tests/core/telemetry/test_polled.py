"""What becomes of polled documents, beside MQTT and while it is silent."""

import json

import pytest

from bridge.core.clock import Steady, Unix
from bridge.core.discovery.config import FleetConfig
from bridge.core.fields.status import StatusReader
from bridge.core.model import Dialect
from bridge.core.polling.lanes import Lane
from bridge.core.polling.outcome import Page, PollOutcome
from bridge.core.polling.reply import PollReply
from bridge.core.polling.schedule import PollRequest
from bridge.core.polling.timer import Mode, PollConfig
from bridge.core.telemetry.config import TelemetryConfig
from bridge.core.telemetry.documents import Documents
from tests.kit.core import Bench, restarted
from tests.kit.desk import ONE, STATUS, Desk


@pytest.fixture
def desk() -> Desk:
    bench = Bench()
    bench.announce()
    return Desk(bench)


def test_while_mqtt_is_fresh_a_poll_brings_only_what_mqtt_does_not(desk: Desk) -> None:
    desk.speak()
    desk.answer()
    assert desk.bench.points()[-1] == (
        "heap_largest_free_block=40000i,rapi_commands=12i,rapi_successes=11i,rapi_connected=1i,"
        "polled=1i"
    )
    assert desk.metric("current_amperes", ',phase="1"') == 16
    assert desk.metric("heap_largest_free_block_bytes") == 40_000
    assert desk.metric("rapi_commands_total") == 12
    assert desk.bench.discarded() == {"fresher_source": 7, "not_telemetry": 1}


def test_every_member_of_a_polled_document_is_accounted_for(desk: Desk) -> None:
    desk.speak()
    desk.answer(surprise=1, temp1=False, srssi="nonsense")
    desk.wait(80)
    desk.answer()
    accounts, out = desk.bench.accounts, desk.bench.out
    assert accounts.received == 7 + len(STATUS) + 2 + len(STATUS)
    assert accounts.received == out.readings_open + out.readings_held + sum(
        accounts.discarded.values()
    )


def test_when_mqtt_is_silent_polls_carry_everything_and_the_series_go_on(desk: Desk) -> None:
    desk.speak()
    for _ in range(8):
        desk.wait(30)
        desk.answer()
    assert desk.bench.points()[-1] == (
        "current_1=10.0,voltage_1=230.0,pilot=16.0,state_code=3i,energy=5000.0,rssi=-60i,"
        "heap_free=90000i,heap_largest_free_block=40000i,rapi_commands=12i,rapi_successes=11i,"
        "rapi_connected=1i,power=2300.0,energy_total=5000.0,polled=1i"
    )
    assert desk.metric("up") == 1
    assert desk.metric("current_amperes", ',phase="1"') == 10
    assert desk.metric("power_watts") == 2300
    assert desk.metric("state_code") == 3
    assert desk.source() == "http"
    assert desk.paths() == ["http"]


def test_mqtt_has_the_word_again_once_it_spoke_for_two_periods(desk: Desk) -> None:
    desk.speak()
    desk.wait(80)
    desk.answer()
    desk.wait(1)
    assert desk.source() == "http"
    desk.speak()
    desk.wait(30)
    assert desk.source() == "http"
    desk.speak()
    desk.wait(30)
    assert desk.source() == "http"
    desk.speak()
    desk.wait(1)
    assert desk.source() == "mqtt"
    assert desk.paths() == ["http", "mqtt"]


def test_a_connection_that_comes_and_goes_does_not_make_the_path_flap(desk: Desk) -> None:
    desk.speak()
    for _ in range(4):
        desk.wait(76)
        desk.answer()
        desk.speak()
        desk.wait(30)
        desk.answer()
    assert desk.paths() == ["http"]


def in_fallback(desk: Desk) -> bool:
    return desk.bench.registry.telemetries[ONE].documents.poll_mode(desk.bench.now) is Mode.FALLBACK


def test_a_charger_in_fallback_is_polled_at_once_after_a_restart(desk: Desk) -> None:
    desk.speak()
    desk.wait(80)
    desk.answer()
    desk.wait(1)
    again = Desk(restarted(desk.bench))
    again.wait(1)
    assert in_fallback(again)
    due = again.plan.next_due()
    assert due is not None
    assert due - again.bench.steady <= 20
    again.answer()
    again.wait(1)
    assert (again.source(), again.metric("power_watts")) == ("http", 2300)
    assert again.paths() == []


def test_mqtt_that_speaks_again_after_a_restart_has_the_word_at_once(desk: Desk) -> None:
    desk.speak()
    desk.wait(80)
    desk.answer()
    again = Desk(restarted(desk.bench))
    again.wait(65)
    assert in_fallback(again)
    again.speak()
    again.wait(1)
    assert not in_fallback(again)


def test_a_charger_that_mqtt_brought_is_left_to_mqtt_after_a_restart(desk: Desk) -> None:
    desk.speak()
    desk.wait(20)
    desk.answer()
    again = Desk(restarted(desk.bench))
    again.wait(1)
    assert not in_fallback(again)


def test_a_value_that_comes_back_over_mqtt_as_it_was_is_shown_again(desk: Desk) -> None:
    desk.speak(amp1="16")
    desk.wait(76)
    desk.answer(amp=10)
    assert desk.metric("current_amperes", ',phase="1"') == 10
    desk.speak(amp1="16")
    assert desk.metric("current_amperes", ',phase="1"') == 16


def test_a_polled_value_that_mqtt_took_over_does_not_take_it_away_when_it_goes_stale(
    desk: Desk,
) -> None:
    desk.speak()
    desk.wait(76)
    desk.answer()
    for _ in range(6):
        desk.speak()
        desk.wait(29)
    assert desk.metric("current_amperes", ',phase="1"') == 16
    assert desk.metric("fault") == 0


def test_a_value_of_status_alone_goes_stale_after_three_missed_polls(desk: Desk) -> None:
    desk.answer()
    for _ in range(29):
        desk.speak()
        desk.wait(30)
    assert desk.metric("heap_largest_free_block_bytes") == 40_000
    for _ in range(2):
        desk.speak()
        desk.wait(30)
    assert desk.metric("heap_largest_free_block_bytes") is None


def test_each_polled_value_goes_stale_in_its_own_time(desk: Desk) -> None:
    desk.wait(76)
    desk.answer()
    desk.wait(119)
    assert desk.metric("voltage_volts", ',phase="1"') == 230
    assert desk.metric("heap_largest_free_block_bytes") == 40_000
    desk.wait(2)
    assert desk.metric("voltage_volts", ',phase="1"') is None
    assert desk.metric("heap_largest_free_block_bytes") == 40_000
    desk.answer()
    desk.wait(119)
    assert desk.metric("voltage_volts", ',phase="1"') == 230
    desk.wait(2)
    assert desk.metric("voltage_volts", ',phase="1"') is None
    desk.wait(778)
    assert desk.metric("heap_largest_free_block_bytes") == 40_000
    desk.wait(2)
    assert desk.metric("heap_largest_free_block_bytes") is None
    # A counter stays until the charger retires.
    assert desk.metric("rapi_commands_total") == 12


def test_three_polls_in_a_row_that_fail_take_away_what_status_alone_tells(desk: Desk) -> None:
    desk.answer(mode="STA", reset_reason=4)
    for _ in range(2):
        desk.answer(PollOutcome.TIMEOUT)
    desk.answer(mode="STA", reset_reason=4)
    for _ in range(2):
        desk.speak()
        desk.answer(PollOutcome.TIMEOUT)
    assert desk.metric("heap_largest_free_block_bytes") == 40_000
    assert desk.metric("last_reset", ',reason="panic"') == 1
    desk.answer(PollOutcome.UNAUTHORIZED)
    assert desk.metric("heap_largest_free_block_bytes") is None
    assert desk.metric("last_reset", ',reason="panic"') is None
    assert desk.metric("network_mode", ',evse_network_mode="STA"') is None
    assert desk.metric("current_amperes", ',phase="1"') == 16
    assert desk.metric("rapi_commands_total") == 12
    desk.answer(mode="STA", reset_reason=4)
    assert desk.metric("heap_largest_free_block_bytes") == 40_000
    assert desk.metric("last_reset", ',reason="panic"') == 1


def test_a_polled_value_that_mqtt_tells_when_it_changes_goes_with_the_charger(desk: Desk) -> None:
    desk.wait(76)
    desk.answer(charge_rate=16)
    desk.wait(119)
    assert desk.metric("charge_rate_amperes") == 16
    desk.wait(2)
    assert desk.metric("up") == 0
    assert desk.metric("charge_rate_amperes") is None
    desk.answer(charge_rate=16)
    assert desk.metric("charge_rate_amperes") == 16


def test_a_charger_that_no_longer_answers_either_is_down(desk: Desk) -> None:
    desk.speak()
    desk.wait(80)
    desk.answer()
    desk.wait(118)
    assert (desk.metric("up"), desk.source()) == (1, "http")
    desk.wait(3)
    assert (desk.metric("up"), desk.source()) == (0, "none")
    assert desk.metric("current_amperes", ',phase="1"') is None
    assert desk.metric("state_code") is None


def test_a_value_of_an_event_that_a_poll_brought_goes_with_its_charger(desk: Desk) -> None:
    desk.wait(76)
    desk.answer(charge_rate=16)
    desk.wait(119)
    assert (desk.metric("up"), desk.metric("charge_rate_amperes")) == (1, 16)
    desk.wait(2)
    assert (desk.metric("up"), desk.metric("charge_rate_amperes")) == (0, None)


def test_three_missed_polls_are_enough_where_mqtt_is_silent_too(desk: Desk) -> None:
    names = ("heap_largest_free_block_bytes", "rapi_connected", "frozen")
    desk.wait(76)
    desk.answer(charge_rate=16)
    for _ in range(2):
        desk.wait(5)
        desk.answer(PollOutcome.TIMEOUT)
    assert [desk.metric(name) for name in names] == [40_000, 1, 0]
    desk.answer(PollOutcome.MALFORMED)
    assert [desk.metric(name) for name in names] == [None, None, None]
    assert (desk.metric("up"), desk.metric("current_amperes", ',phase="1"')) == (1, 10)
    assert desk.metric("charge_rate_amperes") == 16
    desk.answer()
    assert [desk.metric(name) for name in names] == [40_000, 1, 0]


def test_a_charger_whose_last_will_came_and_that_answers_is_there(desk: Desk) -> None:
    desk.speak()
    desk.bench.announce(base=None, state="disconnected")
    desk.wait(80)
    desk.answer()
    desk.wait(2)
    assert desk.metric("up") == 1
    assert desk.metric("announced") == 0
    assert [kind for kind, _, _ in desk.bench.events()] == ["offline", "online", "path"]


def test_a_fault_that_only_a_poll_saw_is_counted(desk: Desk) -> None:
    desk.speak()
    desk.wait(80)
    desk.answer(state=6)
    desk.bench.wait(1)
    assert desk.metric("faults_total", ',fault="gfci_fault"') == 1


def test_milliamperes_that_only_polls_bring_raise_a_suspicion(desk: Desk) -> None:
    for amps in (15_900, 16_000, 16_100):
        assert desk.metric("unit_suspect") == 0
        desk.answer(amp=amps)
    assert desk.metric("unit_suspect") == 1
    assert desk.bench.events()[-1] == ("unit_suspect", 1, "currents contradict dialect nofos")
    for _ in range(3):
        desk.answer(amp=16)
    assert desk.metric("unit_suspect") == 0


def test_how_polls_go_is_shown_and_failures_are_counted_across_a_restart(desk: Desk) -> None:
    desk.answer()
    assert desk.metric("poll_success") == 1
    assert desk.metric("poll_duration_seconds") == 0.1
    assert desk.metric("last_poll_timestamp_seconds") == desk.bench.wall
    desk.answer(PollOutcome.TIMEOUT)
    desk.answer(PollOutcome.HTTP_ERROR)
    assert desk.metric("poll_success") == 0
    desk.wait(1)
    assert desk.metric("poll_failures_total") == 2
    again = restarted(desk.bench).metrics()
    assert again['evse_poll_failures_total{charger="abc123"}'] == 2


def test_what_was_asked_for_over_mqtt_stays_where_polls_are_refused(desk: Desk) -> None:
    telemetry, reader = desk.bench.registry.telemetries[ONE], StatusReader(Dialect.NOFOS, None)
    for _ in range(4):
        desk.speak()
        telemetry.documents.receive_answer(
            reader.read({"wattsec": 3600}, Unix(desk.bench.wall)), desk.bench.now
        )
        desk.wait(1)
        desk.answer(PollOutcome.FORBIDDEN)
        assert desk.metric("session_energy_joules") == 3600


def test_a_base_that_two_ids_claim_is_followed_by_polls(desk: Desk) -> None:
    desk.bench.announce("other", topic="openevse/announce/other")
    desk.wait(2)
    desk.answer()
    desk.wait(2)
    assert desk.source() == "http"
    assert desk.metric("current_amperes", ',phase="1"') == 10


@pytest.mark.parametrize("retired", [False, True])
def test_what_the_old_address_of_a_charger_that_moved_answers_is_not_its_own(
    desk: Desk, retired: bool
) -> None:
    desk.wait(2)
    ask = PollRequest(ONE, Page.STATUS, Lane.PROVEN, desk.bench.steady)
    desk.wait(1)
    if retired:
        desk.bench.hear(("openevse/announce/c123", ""))
        desk.polling.remove(ONE)
    said = {"state": "connected", "id": ONE, "mqtt": "charger/one", "http": "http://10.0.0.8/"}
    desk.bench.hear(("openevse/announce/c123", json.dumps(said)))
    desk.wait(1)
    desk.polling.poll_ended(ask, PollReply(PollOutcome.OK, 2.0, {**STATUS}), desk.bench.now)
    assert desk.metric("energy_joules_total") is None
    assert desk.metric("up") == 0
    assert desk.polling.outcomes["ok"] == 1
    desk.answer()
    desk.wait(1)
    assert desk.metric("energy_joules_total") == 18_000_000


def elsewhere(desk: Desk) -> None:
    """The same id is announced with another base and another address."""
    topic = "openevse/announce/other"
    desk.bench.announce(base="charger/two", topic=topic, http="http://10.0.0.8/")


def asked_at(desk: Desk) -> str:
    return str(desk.polling.address(ONE))


def test_of_two_devices_with_one_id_the_one_that_is_believed_is_polled(desk: Desk) -> None:
    desk.speak(5)
    elsewhere(desk)
    for _ in range(10):
        desk.speak(1)
        desk.bench.hear(("charger/two/amp1", "5"))
        desk.wait(20)
        assert asked_at(desk) == "http://10.0.0.7:80"
    assert desk.metric("duplicate") == 1


def test_a_charger_that_moved_to_another_base_is_polled_at_its_other_address(desk: Desk) -> None:
    desk.speak(5)
    elsewhere(desk)
    again = Desk(restarted(desk.bench))
    again.wait(121)
    again.bench.hear(("charger/two/amp1", "5"))
    again.wait(1)
    assert asked_at(again) == "http://10.0.0.8:80"
    assert ("moved", 0, "charger/one -> charger/two") in again.bench.events()


def test_a_charger_that_fell_silent_is_polled_where_it_was_announced_last(desk: Desk) -> None:
    desk.speak(5)
    elsewhere(desk)
    desk.wait(110)
    assert asked_at(desk) == "http://10.0.0.7:80"
    desk.wait(10)
    assert asked_at(desk) == "http://10.0.0.8:80"


def test_a_charger_that_still_answers_polls_is_not_looked_for_elsewhere(desk: Desk) -> None:
    desk.speak()
    desk.wait(200)
    desk.answer()
    elsewhere(desk)
    for _ in range(3):
        desk.wait(30)
        desk.answer()
        assert asked_at(desk) == "http://10.0.0.7:80"
    desk.wait(121)
    assert asked_at(desk) == "http://10.0.0.8:80"
    for _ in range(3):
        desk.answer()
        desk.wait(30)
        assert asked_at(desk) == "http://10.0.0.8:80"
    desk.speak()
    desk.wait(1)
    assert asked_at(desk) == "http://10.0.0.7:80"


def test_an_address_that_may_not_be_polled_is_told_and_not_asked(desk: Desk) -> None:
    bench = Bench()
    desk = Desk(bench)
    bench.take((
        b"openevse/announce/c123",
        (b'{"state":"connected","id":"abc123","name":"n","mqtt":"charger/one",'
        b'"http":"http://user:pass@10.0.0.7/"}'), False,
    ))  # fmt: skip
    desk.wait(400)
    assert desk.refusals == ["user_info"]
    assert desk.plan.due(Steady(bench.steady)) == []


def test_a_fault_is_asked_about_within_20_s(desk: Desk) -> None:
    desk.speak()
    desk.wait(2)
    desk.speak(state="6")
    desk.wait(1)
    asked = 0.0
    while not desk.plan.due(Steady(desk.bench.steady)):
        desk.bench.steady += 1
        asked += 1
    assert 14 <= asked <= 20


@pytest.mark.parametrize("known", [False, True])
def test_who_announces_itself_live_is_asked_15_to_20_s_later(known: bool) -> None:
    bench = Bench()
    desk = Desk(bench)
    if known:
        bench.announce(retained=True)
        desk.wait(60)
        (regular,) = desk.plan.due(Steady(bench.steady))
        desk.plan.done(regular, PollOutcome.OK, Steady(bench.steady))
    bench.announce()
    desk.polling.poll_soon(ONE, bench.now)
    began = bench.steady
    while not (asked := desk.plan.due(Steady(bench.steady))):
        desk.speak(0)
        desk.wait(1)
    assert asked[0].page is Page.STATUS
    assert 14 <= bench.steady - began <= 21


def test_a_reply_that_nobody_foresaw_is_counted_and_harms_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Documents, "receive_status", fail)
    desk.answer()
    assert [type(bug) for bug in desk.bench.words.bugs] == [ZeroDivisionError]
    assert desk.bench.discarded() == {"bug": len(STATUS)}
    assert desk.bench.accounts.received == len(STATUS)


def test_a_charger_that_only_answers_polls_is_not_retired() -> None:
    bench = Bench(FleetConfig(retire_after=3600))
    bench.announce()
    desk = Desk(bench)
    for _ in range(70):
        desk.wait(60)
        desk.answer()
    assert desk.bench.ears.gone == []
    desk.wait(3700)
    assert desk.bench.ears.gone == ["abc123"]


def test_the_time_of_the_last_poll_is_known_after_a_restart(desk: Desk) -> None:
    desk.answer()
    assert restarted(desk.bench).metrics()[
        'evse_last_poll_timestamp_seconds{charger="abc123"}'
    ] == round(desk.bench.wall, 3)


def test_a_charger_that_was_offline_is_up_once_it_answers_a_poll(desk: Desk) -> None:
    desk.bench.announce(state="disconnected", base=None)
    assert desk.bench.registry.presences()["offline"] == 1
    desk.answer()
    assert desk.bench.registry.presences() == {"up": 1, "silent": 0, "offline": 0, "unheard": 0}


def shown_throughout(desk: Desk, every: int, polls: int = 4) -> bool:
    """Whether a value that only /status has is shown in each second between good polls."""
    for _ in range(polls):
        desk.answer()
        for _ in range(every // 10):
            desk.wait(1)
            desk.bench.wait(9)
            if desk.metric("heap_largest_free_block_bytes") is None:
                return False
    return True


def test_a_value_of_status_alone_stays_while_fallback_polls_rarely() -> None:
    bench = Bench(telemetry_config=TelemetryConfig(enrich_every=100))
    bench.announce()
    desk = Desk(bench, PollConfig(enrich_every=100, fallback_every=400))
    desk.wait(80)
    assert shown_throughout(desk, 400)


def test_a_value_of_status_alone_stays_while_mqtt_returns_after_rare_polls() -> None:
    bench = Bench(telemetry_config=TelemetryConfig(enrich_every=100))
    bench.announce()
    desk = Desk(bench, PollConfig(enrich_every=100, fallback_every=400))
    desk.wait(80)
    assert shown_throughout(desk, 400, polls=2)
    desk.answer()
    for _ in range(13):
        desk.speak(25)
        desk.wait(5)
        assert desk.metric("heap_largest_free_block_bytes") == 40_000


def test_a_value_of_status_alone_is_hidden_once_three_rare_polls_are_missed() -> None:
    bench = Bench(telemetry_config=TelemetryConfig(enrich_every=100))
    bench.announce()
    desk = Desk(bench, PollConfig(enrich_every=100, fallback_every=400))
    desk.wait(80)
    desk.answer()
    desk.bench.wait(1199)
    assert desk.metric("heap_largest_free_block_bytes") == 40_000
    desk.bench.wait(1)
    assert desk.metric("heap_largest_free_block_bytes") is None
