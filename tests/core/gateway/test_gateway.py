"""What is known of a charger over HTTP alone: trips, boots, crashes, firmware, its controller."""

import pytest

from bridge.core.clock import Steady
from bridge.core.polling.outcome import Page, PollOutcome
from tests.kit.core import Bench, restarted
from tests.kit.desk import ONE, Desk

CONFIG = {
    "version": "2.4.1", "firmware": "7.1.3", "protocol": "5.0.1", "identifier": "NF-0042",
    "diodet": 1, "gfcit": 0, "groundt": 1, "relayt": 1, "ventt": 1, "tempt": 1, "service": 2,
    "scale": 220, "offset": -3, "amplimit": 32, "espflash": 4194304,
    "nofos_network_profile": "wifi", "mqtt_topic": "charger/one",
    "mqtt_announce_topic": "openevse/announce/c123", "ssid": "my-own-network",
    "mqtt_user": "jane", "hostname": "nofos-c123", "mqtt_pass": "_DUMMY_PASSWORD",
}  # fmt: skip
EARLY = {
    **CONFIG, "firmware": "", "protocol": "", "diodet": 0, "gfcit": 0, "groundt": 0,
    "relayt": 0, "ventt": 0, "tempt": 0, "service": 0, "scale": 0, "offset": 0, "amplimit": 0,
}  # fmt: skip
LOG = {
    "events": [
        {"seq": 4, "reset_reason": 4, "reset_reason_str": "panic",
         "recorded_unix_time": 1789999000},
        {"seq": 3, "reset_reason": 9, "reset_reason_str": "brownout",
         "recorded_unix_time": 1789990000},
    ]
}  # fmt: skip
CRASHES = 'evse_crashes_total{charger="abc123"}'


@pytest.fixture
def desk() -> Desk:
    bench = Bench()
    bench.announce()
    return Desk(bench)


def kinds(desk: Desk, kind: str) -> list[tuple[int, str]]:
    return [(code, text) for each, code, text in desk.bench.events() if each == kind]


def crashes(desk: Desk) -> float:
    desk.bench.wait(0)
    return desk.metric("crashes_total") or 0.0


def test_trips_start_at_the_chargers_own_count_and_go_on(desk: Desk) -> None:
    desk.answer(gfcicount=3, nogndcount=0, stuckcount=255)
    desk.wait(300)
    desk.answer(gfcicount=4, nogndcount=0, stuckcount=255)
    desk.wait(1)
    assert desk.metric("gfci_trips_total") == 4
    assert desk.metric("no_ground_trips_total") == 0
    assert desk.metric("stuck_relay_trips_total") == 255


def test_the_false_zeros_after_a_boot_are_no_reset_of_the_trips(desk: Desk) -> None:
    desk.answer(gfcicount=3, comm_success=500)
    desk.wait(300)
    desk.answer(gfcicount=0, watthour=0, comm_success=2)
    desk.wait(20)
    desk.answer(gfcicount=3, comm_success=15)
    desk.wait(1)
    assert desk.metric("gfci_trips_total") == 3


def test_trips_boots_and_crashes_go_on_after_a_restart_of_the_bridge(desk: Desk) -> None:
    desk.answer(gfcicount=3, boot_count=10, crash_seq=2, reset_reason=1)
    desk.answer(gfcicount=4, boot_count=11, crash_seq=3, reset_reason=4)
    desk.wait(1)
    metrics = restarted(desk.bench, trusted=False).metrics()
    assert metrics['evse_gfci_trips_total{charger="abc123"}'] == 4
    assert metrics['evse_boots_total{charger="abc123"}'] == 11
    assert metrics[CRASHES] == 1


def test_boots_start_at_the_chargers_own_count_and_crashes_at_zero(desk: Desk) -> None:
    desk.answer(boot_count=10, crash_seq=2, reset_reason=4)
    desk.wait(1)
    assert desk.metric("boots_total") == 10
    assert crashes(desk) == 0
    assert kinds(desk, "reboot") == []


def test_a_planned_boot_is_a_reboot_and_no_crash(desk: Desk) -> None:
    desk.answer(boot_count=10, crash_seq=2, reset_reason=1)
    desk.answer(boot_count=11, crash_seq=2, reset_reason=3, reset_reason_str="software")
    assert kinds(desk, "reboot") == [(3, "sw")]
    assert crashes(desk) == 0
    assert desk.metric("boots_total") == 11


def test_three_crash_records_more_are_three_crashes(desk: Desk) -> None:
    desk.answer(boot_count=10, crash_seq=2, reset_reason=1)
    desk.answer(boot_count=13, crash_seq=5, reset_reason=6)
    assert crashes(desk) == 3
    assert kinds(desk, "reboot") == [(6, "task_wdt, 3 boots")]


def test_a_firmware_without_crash_records_crashes_by_its_boots(desk: Desk) -> None:
    desk.answer(boot_count=10, reset_reason=1)
    desk.answer(boot_count=11, reset_reason=5)
    desk.page(Page.CRASHLOG, None)
    assert crashes(desk) == 1
    assert kinds(desk, "crash") == [(5, "int_wdt")]


def test_a_new_gateway_under_the_same_id_crashed_nobody(desk: Desk) -> None:
    desk.answer(boot_count=10, crash_seq=2, reset_reason=1, comm_success=50)
    for minute in range(1, 4):
        desk.wait(60)
        desk.answer(boot_count=900, crash_seq=700, reset_reason=4, comm_success=50 + minute)
    assert crashes(desk) == 0
    assert desk.metric("boots_total") == 10


def test_the_crash_log_is_asked_for_at_first_sight_and_when_its_number_rises(desk: Desk) -> None:
    assert desk.wanted() == [Page.CONFIG, Page.CRASHLOG]
    desk.answer(boot_count=10, crash_seq=4)
    desk.page(Page.CONFIG, CONFIG)
    desk.page(Page.CRASHLOG, LOG)
    assert desk.wanted() == []
    desk.answer(boot_count=11, crash_seq=5, reset_reason=4)
    assert desk.wanted() == [Page.CONFIG, Page.CRASHLOG]


def test_each_crash_record_is_one_event_however_often_it_is_read(desk: Desk) -> None:
    desk.answer(boot_count=10, crash_seq=4)
    desk.page(Page.CRASHLOG, LOG)
    desk.page(Page.CRASHLOG, LOG)
    assert [code for code, _ in kinds(desk, "crash")] == [9, 4]
    assert [event.device_time for event in desk.bench.out.events if event.kind == "crash"] == [
        1789990000, 1789999000,
    ]  # fmt: skip
    again = Desk(restarted(desk.bench))
    again.page(Page.CRASHLOG, LOG)
    assert kinds(again, "crash") == []
    assert crashes(desk) == 0


def test_a_crash_with_its_record_is_one_event(desk: Desk) -> None:
    desk.answer(boot_count=10, crash_seq=2, reset_reason=1)
    desk.page(Page.CRASHLOG, [])
    desk.answer(boot_count=11, crash_seq=3, reset_reason=4)
    desk.page(Page.CRASHLOG, [{"seq": 3, "reason": "panic"}])
    assert kinds(desk, "crash") == [(4, "panic seq=3")]
    assert crashes(desk) == 1


def test_a_crash_that_no_record_tells_of_is_still_an_event(desk: Desk) -> None:
    desk.answer(boot_count=10, crash_seq=2, reset_reason=1)
    desk.page(Page.CRASHLOG, [])
    desk.answer(boot_count=11, crash_seq=2, reset_reason=7)
    desk.page(Page.CRASHLOG, [])
    assert kinds(desk, "crash") == [(7, "wdt")]
    assert crashes(desk) == 1


def test_a_crash_before_a_planned_boot_is_counted_once_its_record_tells_of_it(desk: Desk) -> None:
    desk.answer(boot_count=10, crash_seq=2, reset_reason=1)
    desk.page(Page.CRASHLOG, [])
    desk.answer(boot_count=12, crash_seq=3, reset_reason=3)
    assert crashes(desk) == 0
    desk.page(Page.CRASHLOG, [{"seq": 3, "reason": 4}])
    assert crashes(desk) == 1
    assert kinds(desk, "reboot") == [(3, "sw, 2 boots")]


def test_a_crash_log_that_could_not_be_fetched_is_asked_for_again_after_a_restart(
    desk: Desk,
) -> None:
    desk.page(Page.CRASHLOG, [])
    desk.answer(boot_count=10, crash_seq=2, reset_reason=1)
    desk.answer(boot_count=11, crash_seq=3, reset_reason=4)
    again = Desk(restarted(desk.bench))
    assert Page.CRASHLOG in again.wanted()
    again.page(Page.CRASHLOG, [{"seq": 3, "reason": 4}])
    assert kinds(again, "crash") == [(4, "panic seq=3")]
    assert crashes(again) == 1


def test_a_crash_log_that_is_never_readable_is_asked_for_three_times(desk: Desk) -> None:
    desk.answer(boot_count=10, crash_seq=2, reset_reason=1)
    for _ in range(3):
        assert Page.CRASHLOG in desk.wanted()
        desk.page(Page.CRASHLOG, PollOutcome.MALFORMED)
        desk.wait(120)
    assert Page.CRASHLOG not in desk.wanted()
    desk.answer(boot_count=11, crash_seq=3, reset_reason=4)
    for _ in range(3):
        assert kinds(desk, "crash") == []
        desk.page(Page.CRASHLOG, PollOutcome.MALFORMED)
    assert kinds(desk, "crash") == [(4, "panic")]


def test_a_charger_that_does_not_answer_is_not_without_a_crash_log(desk: Desk) -> None:
    for _ in range(9):
        desk.page(Page.CRASHLOG, PollOutcome.TIMEOUT)
    assert Page.CRASHLOG in desk.wanted()


def test_config_names_the_firmware_and_shows_its_settings(desk: Desk) -> None:
    desk.page(Page.CONFIG, CONFIG)
    (info,) = (name for name in desk.bench.metrics() if name.startswith("evse_info"))
    assert 'version="2.4.1",firmware="7.1.3",protocol="5.0.1",identifier="NF-0042"' in info
    assert desk.metric("check_enabled", ',check="gfci"') == 0
    assert desk.metric("check_enabled", ',check="diode"') == 1
    assert desk.metric("current_limit_amperes") == 32
    assert desk.metric("sensor_offset") == -3
    assert desk.metric("flash_size_bytes") == 4194304
    assert desk.bench.points()[-1].endswith(
        "service_level=2.0,sensor_scale=220.0,sensor_offset=-3.0,current_limit=32.0,"
        "flash_size=4194304.0,polled=1i"
    )


def test_what_config_tells_is_known_again_after_a_restart(desk: Desk) -> None:
    desk.page(Page.CONFIG, CONFIG)
    again = restarted(desk.bench)
    assert any('version="2.4.1"' in name for name in again.metrics())
    assert again.metrics()['evse_flash_size_bytes{charger="abc123"}'] == 4194304
    assert Desk(again).wanted() == [Page.CRASHLOG]


def test_every_member_of_config_and_crashlog_is_accounted_for(desk: Desk) -> None:
    desk.page(Page.CONFIG, CONFIG)
    desk.page(Page.CRASHLOG, LOG)
    accounts, out = desk.bench.accounts, desk.bench.out
    assert accounts.received == len(CONFIG) + 1
    assert accounts.received == out.readings_open + out.readings_held + sum(
        accounts.discarded.values()
    )


def test_nothing_else_of_config_is_kept_or_shown(desk: Desk) -> None:
    desk.page(Page.CONFIG, CONFIG)
    kept = f"{desk.bench.saved()} {desk.bench.metrics()} {desk.bench.lines()}"
    for secret in ("my-own-network", "jane", "_DUMMY_PASSWORD"):
        assert secret not in kept


def test_config_is_asked_for_again_after_each_boot(desk: Desk) -> None:
    desk.page(Page.CRASHLOG, None)
    desk.page(Page.CONFIG, CONFIG)
    desk.answer(boot_count=10)
    assert desk.wanted() == []
    desk.answer(boot_count=11, reset_reason=3)
    assert desk.wanted() == [Page.CONFIG]
    desk.page(Page.CONFIG, {**CONFIG, "version": "2.5.0"})
    assert any('version="2.5.0"' in name for name in desk.bench.metrics())
    assert not any('version="2.4.1"' in name for name in desk.bench.metrics())


def test_a_config_that_cannot_be_read_is_asked_for_again_with_back_off(desk: Desk) -> None:
    for minutes in (1, 2, 4, 8):
        assert Page.CONFIG in desk.wanted()
        desk.page(Page.CONFIG, PollOutcome.MALFORMED)
        desk.wait(60 * minutes - 1)
        assert Page.CONFIG not in desk.wanted()
        desk.wait(1)


def test_a_config_without_the_controllers_part_is_asked_for_again(desk: Desk) -> None:
    desk.page(Page.CONFIG, EARLY)
    assert Page.CONFIG not in desk.wanted()
    desk.wait(60)
    assert Page.CONFIG in desk.wanted()
    desk.page(Page.CONFIG, EARLY)
    desk.wait(119)
    assert Page.CONFIG not in desk.wanted()
    desk.wait(1)
    desk.page(Page.CONFIG, CONFIG)
    desk.wait(600)
    assert Page.CONFIG not in desk.wanted()
    assert desk.metric("current_limit_amperes") == 32


def test_a_gateways_first_minute_is_not_believed(desk: Desk) -> None:
    desk.page(Page.CONFIG, EARLY)
    assert any('version="2.4.1",firmware="",' in name for name in desk.bench.metrics())
    assert desk.metric("current_limit_amperes") is None
    assert desk.metric("check_enabled", ',check="diode"') is None
    assert desk.metric("flash_size_bytes") == 4194304
    assert desk.bench.points() == ["flash_size=4194304.0,polled=1i"]
    # firmware, protocol, six checks, service, scale, offset, amplimit
    assert desk.bench.discarded()["no_sensor"] == 12


def test_what_the_controller_reported_before_a_boot_stays_until_it_reports_again(
    desk: Desk,
) -> None:
    desk.page(Page.CONFIG, CONFIG)
    desk.page(Page.CONFIG, {**EARLY, "version": "2.5.0"})
    assert any('version="2.5.0",firmware="7.1.3",' in name for name in desk.bench.metrics())
    assert desk.metric("current_limit_amperes") == 32
    assert desk.metric("check_enabled", ',check="diode"') == 1


@pytest.mark.parametrize(
    "early",
    [
        {**CONFIG, "amplimit": 0},
        {**CONFIG, "firmware": ""},
        {**CONFIG, "firmware": None},
        {"version": "2.4.1", "ssid": "depot"},
        {},
    ],
)
def test_a_config_that_lacks_some_of_the_controller_is_early(
    desk: Desk, early: dict[str, object]
) -> None:
    desk.page(Page.CONFIG, early)
    desk.wait(60)
    assert Page.CONFIG in desk.wanted()


def test_a_config_of_a_firmware_without_that_member_is_not_early(desk: Desk) -> None:
    desk.page(Page.CONFIG, {"version": "2.4.1", "diodet": 0, "service": 1, "amplimit": 16})
    desk.wait(3600)
    assert Page.CONFIG not in desk.wanted()
    assert desk.metric("check_enabled", ',check="diode"') == 0


def test_an_early_config_that_an_earlier_version_believed_is_asked_for_again(desk: Desk) -> None:
    desk.page(Page.CONFIG, CONFIG)
    saved = desk.bench.saved()
    body = {**saved[ONE], "config": {"version": "2.4.1", "current_limit": 0.0, "diode_check": 0}}
    again = Bench()
    again.restore({ONE: body})
    assert Page.CONFIG in Desk(again).wanted()
    assert not any(name.startswith("evse_current_limit") for name in again.metrics())


def test_an_early_config_is_asked_for_again_after_a_restart_of_the_bridge(desk: Desk) -> None:
    desk.page(Page.CONFIG, EARLY)
    assert Page.CONFIG in Desk(restarted(desk.bench)).wanted()


def test_a_firmware_without_config_is_asked_again_the_next_day(desk: Desk) -> None:
    desk.page(Page.CONFIG, None)
    desk.bench.wait(86_399)
    assert Page.CONFIG not in desk.wanted()
    desk.bench.wait(1)
    assert Page.CONFIG in desk.wanted()


def test_a_crash_log_that_was_not_loaded_yet_is_asked_for_again(desk: Desk) -> None:
    desk.answer(boot_count=10, crash_seq=2, reset_reason=1)
    desk.page(Page.CRASHLOG, [])
    desk.answer(boot_count=11, crash_seq=3, reset_reason=4)
    desk.page(Page.CRASHLOG, [])
    assert kinds(desk, "crash") == []
    desk.wait(60)
    assert Page.CRASHLOG in desk.wanted()
    desk.page(Page.CRASHLOG, [{"seq": 3, "reason": 4}])
    assert kinds(desk, "crash") == [(4, "panic seq=3")]
    assert crashes(desk) == 1


def test_a_crash_whose_record_never_comes_is_an_event_after_three_logs(desk: Desk) -> None:
    desk.answer(boot_count=10, crash_seq=2, reset_reason=1)
    desk.page(Page.CRASHLOG, [])
    desk.answer(boot_count=11, crash_seq=3, reset_reason=4)
    for _ in range(3):
        assert kinds(desk, "crash") == []
        desk.page(Page.CRASHLOG, [])
    assert kinds(desk, "crash") == [(4, "panic")]
    assert crashes(desk) == 1


def test_a_firmware_without_config_is_asked_again_after_its_next_boot(desk: Desk) -> None:
    desk.answer(boot_count=10)
    desk.page(Page.CONFIG, None)
    assert Page.CONFIG not in desk.wanted()
    desk.answer(boot_count=11, reset_reason=3)
    assert Page.CONFIG in desk.wanted()


def test_topics_that_differ_from_the_announced_ones_are_told(desk: Desk) -> None:
    desk.page(Page.CONFIG, CONFIG)
    assert desk.differences == []
    desk.page(Page.CONFIG, {**CONFIG, "mqtt_topic": "elsewhere/two"})
    assert desk.differences == [("mqtt_topic", "elsewhere/two", "charger/one")]


def test_pages_are_asked_for_once_the_charger_answers(desk: Desk) -> None:
    desk.wait(2)
    asked = []
    for _ in range(120):
        desk.wait(5)
        for ask in desk.plan.due(Steady(desk.bench.steady)):
            asked.append(ask.page)
            desk.plan.done(ask, PollOutcome.OK, Steady(desk.bench.steady))
            if ask.page is Page.STATUS:
                desk.answer(boot_count=10, crash_seq=0)
            else:
                desk.page(ask.page, CONFIG if ask.page is Page.CONFIG else [])
    assert asked.count(Page.CONFIG) == asked.count(Page.CRASHLOG) == 1
    assert asked.index(Page.STATUS) < asked.index(Page.CONFIG)


def test_a_controller_that_answers_nothing_behind_live_mqtt_is_frozen(desk: Desk) -> None:
    desk.answer(comm_sent=100, comm_success=100)
    assert desk.metric("frozen") == 0
    for minute in range(1, 3):
        desk.wait(60)
        desk.speak()
        desk.answer(comm_sent=100 + 40 * minute, comm_success=100)
    assert desk.metric("frozen") == 1
    desk.wait(60)
    desk.answer(comm_sent=300, comm_success=140)
    assert desk.metric("frozen") == 0
    assert kinds(desk, "frozen") == [(1, "controller is dead"), (0, "controller answers again")]


def test_a_gateway_that_calls_its_controller_unconnected_is_believed_the_second_time(
    desk: Desk,
) -> None:
    desk.answer(rapi_connected=0)
    assert desk.metric("frozen") == 0
    desk.wait(20)
    desk.answer(rapi_connected=0)
    assert desk.metric("frozen") == 1
    assert restarted(desk.bench).metrics()['evse_frozen{charger="abc123"}'] == 1


def test_a_gateway_that_just_booted_has_no_frozen_controller(desk: Desk) -> None:
    for _ in range(3):
        desk.wait(20)
        desk.answer(rapi_connected=0, state=0)
    assert desk.metric("frozen") == 0


def test_a_first_sign_of_a_dead_controller_is_asked_about_soon(desk: Desk) -> None:
    desk.wait(2)
    desk.speak()
    before = desk.bench.registry.telemetries[ONE].documents.poll_hints
    desk.answer(rapi_connected=0)
    assert desk.bench.registry.telemetries[ONE].documents.poll_hints == before + 1


def test_network_mode_and_last_reset_are_told_in_closed_lists(desk: Desk) -> None:
    desk.answer(mode="STA+AP", reset_reason=9, reset_reason_str="brownout")
    assert desk.metric("network_mode", ',evse_network_mode="STA+AP"') == 1
    assert desk.metric("network_mode", ',evse_network_mode="Wired"') == 0
    assert desk.metric("last_reset", ',reason="brownout"') == 1
    desk.answer(mode="Tunnel", reset_reason=4)
    assert desk.metric("network_mode", ',evse_network_mode="other"') == 1
    assert desk.metric("last_reset", ',reason="brownout"') is None
    assert desk.metric("last_reset", ',reason="panic"') == 1
    desk.wait(901)
    assert desk.metric("network_mode", ',evse_network_mode="other"') is None
    assert desk.metric("last_reset", ',reason="panic"') is None


def test_a_drop_of_the_total_is_asked_about_and_believed_by_two_documents(desk: Desk) -> None:
    desk.speak(wh="5000000")
    desk.answer(watthour=5_000_000, comm_success=100)
    desk.wait(30)
    before = desk.bench.registry.telemetries[ONE].documents.poll_hints
    desk.speak(wh="10")
    assert desk.bench.registry.telemetries[ONE].documents.poll_hints > before
    desk.answer(watthour=10, comm_success=120)
    desk.wait(30)
    desk.speak(wh="12")
    desk.answer(watthour=12, comm_success=140)
    desk.wait(1)
    assert desk.metric("energy_joules_total") == 5_000_012 * 3600


def test_a_false_zero_on_both_ways_changes_no_total(desk: Desk) -> None:
    desk.speak(wh="5000000")
    desk.answer(watthour=5_000_000, comm_success=100, boot_count=1)
    desk.wait(30)
    desk.speak(wh="0")
    desk.answer(watthour=0, comm_success=2, boot_count=2)
    desk.wait(31)
    desk.speak(wh="5000003")
    desk.answer(watthour=5_000_003, comm_success=22, boot_count=2)
    desk.wait(1)
    assert desk.metric("energy_joules_total") == 5_000_003 * 3600
