"""Discovery: what announcements and telemetry together make of the fleet."""

import pytest

from bridge.core.discovery.config import FleetConfig
from bridge.core.discovery.shard import shard_of
from bridge.core.model import ChargerId
from tests.kit.core import Bench, restarted

MINUTE = 60.0


def speak(bench: Bench, base: str = "charger/one", volts: str = "230") -> None:
    """One live message below a base."""
    bench.hear((f"{base}/voltage", volts))


def test_a_charger_is_followed_once_it_announces_itself() -> None:
    bench = Bench()
    bench.announce()
    assert bench.ears.filters == {"charger/one/#"}
    assert bench.ears.labels == ["new"]
    assert bench.metrics()['evse_announced{charger="abc123"}'] == 1


def test_telemetry_without_an_announcement_belongs_to_nobody() -> None:
    bench = Bench()
    speak(bench)
    assert (bench.unrouted, bench.accounts.received) == (1, 0)


def test_a_last_will_of_an_unknown_charger_tells_only_its_id() -> None:
    bench = Bench()
    bench.announce(base=None, state="disconnected", retained=True)
    assert bench.ears.filters == set()
    assert bench.metrics()['evse_announced{charger="abc123"}'] == 0
    assert bench.registry.presences()["offline"] == 1


def test_a_charger_that_is_offline_at_start_is_known_from_the_last_run() -> None:
    before = Bench()
    before.announce()
    speak(before)
    bench = restarted(before)
    bench.announce(base=None, state="disconnected", retained=True)
    assert bench.ears.filters == {"charger/one/#"}
    speak(bench)
    assert bench.metrics()['evse_up{charger="abc123"}'] == 1


def test_an_announcement_without_its_last_members_keeps_what_was_known() -> None:
    bench = Bench()
    bench.announce()
    bench.announce(base=None)
    charger = bench.fleet.get("abc123")
    assert charger is not None
    assert (charger.base, charger.http) == ("charger/one", "http://10.0.0.7/")


def test_a_charger_moves_once_the_old_base_is_silent_and_the_new_one_speaks() -> None:
    bench = Bench()
    bench.announce()
    speak(bench)
    bench.announce(base="charger/two")
    assert bench.ears.filters == {"charger/one/#", "charger/two/#"}
    bench.wait(119)
    speak(bench, "charger/two")
    assert bench.discarded() == {"duplicate": 1}
    bench.wait(2)
    speak(bench, "charger/two")
    assert bench.discarded() == {"duplicate": 1}
    assert ("moved", 0, "charger/one -> charger/two") in bench.events()
    assert bench.metrics()['evse_duplicate{charger="abc123"}'] == 0


def test_series_and_counters_survive_a_move() -> None:
    bench = Bench()
    bench.announce()
    bench.hear(("charger/one/wh", "1000"))
    bench.wait(200)
    bench.announce(base="charger/two")
    bench.hear(("charger/two/wh", "1500"))
    bench.wait(1)
    assert bench.metrics()['evse_energy_joules_total{charger="abc123"}'] == 5_400_000


def test_two_bases_that_both_speak_are_two_devices_with_one_id() -> None:
    bench = Bench()
    bench.announce()
    bench.announce(base="charger/two", topic="openevse/announce/other")
    speak(bench)
    speak(bench, "charger/two")
    assert bench.metrics()['evse_duplicate{charger="abc123"}'] == 1
    assert bench.discarded() == {"duplicate": 1}
    assert ("duplicate", 1, "charger/one and charger/two both speak") in bench.events()


def test_a_duplicate_is_over_when_one_of_the_two_fell_silent() -> None:
    bench = Bench()
    bench.announce()
    bench.announce(base="charger/two", topic="openevse/announce/other")
    speak(bench)
    speak(bench, "charger/two")
    for _ in range(5):
        bench.wait(30)
        speak(bench)
    assert bench.metrics()['evse_duplicate{charger="abc123"}'] == 0


def test_of_two_retained_announcements_the_remembered_base_is_preferred() -> None:
    before = Bench()
    before.announce(base="charger/two")
    speak(before, "charger/two")
    bench = restarted(before)
    bench.announce(base="charger/one", topic="openevse/announce/old", retained=True)
    bench.announce(base="charger/two", retained=True)
    speak(bench, "charger/two")
    assert bench.discarded() == {}
    assert bench.events() == []


def test_a_stale_retained_announcement_does_not_hide_where_the_charger_speaks() -> None:
    bench = Bench()
    bench.announce(base="charger/old", topic="openevse/announce/old", retained=True)
    bench.announce(base="charger/new", retained=True)
    speak(bench, "charger/new")
    assert bench.discarded() == {}
    charger = bench.fleet.get("abc123")
    assert charger is not None
    assert charger.base == "charger/new"


def test_a_base_claimed_by_two_ids_is_attributed_to_neither() -> None:
    bench = Bench()
    bench.announce("abc123")
    bench.announce("def456", topic="openevse/announce/d456")
    speak(bench)
    assert bench.discarded() == {"ambiguous": 1}
    metrics = bench.metrics()
    assert metrics['evse_duplicate{charger="abc123"}'] == 1
    assert metrics['evse_duplicate{charger="def456"}'] == 1
    assert bench.events() == [
        ("duplicate", 1, "base charger/one is claimed by def456 too"),
        ("duplicate", 1, "base charger/one is claimed by abc123 too"),
    ]


def test_a_contested_base_is_believed_again_when_one_of_the_two_announces_another() -> None:
    bench = Bench()
    bench.announce("abc123")
    bench.announce("def456", topic="openevse/announce/d456")
    bench.announce("def456", "charger/two", topic="openevse/announce/d456")
    speak(bench)
    speak(bench, "charger/two")
    assert bench.discarded() == {}
    metrics = bench.metrics()
    assert metrics['evse_duplicate{charger="abc123"}'] == 0
    assert metrics['evse_duplicate{charger="def456"}'] == 0
    assert metrics['evse_up{charger="abc123"}'] == 1
    assert metrics['evse_up{charger="def456"}'] == 1


def test_a_charger_that_said_goodbye_does_not_contest_its_base() -> None:
    bench = Bench()
    bench.announce("abc123")
    bench.announce("abc123", base=None, state="disconnected")
    bench.announce("def456", topic="openevse/announce/d456")
    speak(bench)
    assert bench.discarded() == {}
    assert bench.metrics()['evse_up{charger="def456"}'] == 1


def test_an_old_retained_claim_does_not_take_another_chargers_readings_away() -> None:
    bench = Bench()
    bench.announce("abc123", "charger/one")
    speak(bench, "charger/one")
    bench.announce("def456", "charger/two", topic="openevse/announce/d456")
    speak(bench, "charger/two")
    bench.announce("def456", "charger/one", topic="openevse/announce/older", retained=True)
    bench.wait(1)
    speak(bench, "charger/one")
    assert bench.discarded() == {}
    assert bench.metrics()['evse_duplicate{charger="abc123"}'] == 0


def test_a_base_inside_another_one_is_its_own_chargers() -> None:
    bench = Bench()
    bench.announce("aaa", "site", topic="openevse/announce/a")
    bench.hear(("site/box/amp", "7"))
    assert bench.discarded() == {"unknown_field": 1}
    bench.announce("bbb", "site/box", topic="openevse/announce/b")
    bench.hear(("site/box/amp", "7"), ("site/amp", "3"))
    bench.wait(1)
    assert bench.ears.filters == {"site/#"}
    metrics = bench.metrics()
    assert metrics['evse_current_amperes{charger="bbb",phase="1"}'] == 7
    assert metrics['evse_current_amperes{charger="aaa",phase="1"}'] == 3


def test_a_base_with_a_trailing_slash_gives_an_empty_level() -> None:
    bench = Bench()
    bench.announce(base="charger/one/")
    bench.hear(("charger/one//amp", "5"))
    assert bench.ears.filters == {"charger/one//#"}
    assert bench.metrics()['evse_current_amperes{charger="abc123",phase="1"}'] == 5


def test_an_announcement_below_a_chargers_base_is_still_an_announcement() -> None:
    bench = Bench()
    bench.announce("aaa", "openevse")
    bench.announce("bbb", "charger/b", topic="openevse/announce/b")
    assert bench.ears.labels == ["new", "new"]
    assert bench.accounts.received == 0


def test_a_rename_is_an_event_and_a_new_label_on_info_alone() -> None:
    bench = Bench()
    bench.announce(name="garage")
    bench.announce(name="yard")
    infos = [name for name in bench.metrics() if name.startswith("evse_info")]
    assert len(infos) == 1
    assert 'name="yard"' in infos[0]
    assert bench.events() == [("renamed", 0, "garage -> yard")]


def test_a_cleared_announcement_retires_the_charger_and_its_series() -> None:
    bench = Bench()
    bench.announce()
    speak(bench)
    assert bench.ears.filters == {"charger/one/#"}
    bench.hear(("openevse/announce/c123", ""))
    assert bench.metrics() == {}
    assert bench.ears.filters == set()
    assert bench.ears.gone == ["abc123"]
    saved = bench.registry.saved_states(bench.out.dirty)[ChargerId("abc123")]
    assert saved is not None
    assert (saved["retired"], saved["base"]) == (True, None)


def test_clearing_an_old_announce_topic_leaves_the_charger_alone() -> None:
    bench = Bench()
    bench.announce(topic="openevse/announce/old")
    bench.announce(topic="openevse/announce/new")
    bench.hear(("openevse/announce/old", ""))
    assert bench.ears.gone == []


def test_two_ids_that_take_turns_on_one_announce_topic_are_both_named() -> None:
    bench = Bench()
    for charger, base in (("aaa", "a"), ("bbb", "b"), ("aaa", "a")):
        bench.announce(charger, base, topic="openevse/announce/1234")
    text = "announce topic openevse/announce/1234 alternates with bbb"
    assert [(e.charger, e.text) for e in bench.out.events] == [("aaa", text)]
    assert len(bench.fleet) == 2


def test_a_last_will_marks_the_charger_offline_until_it_speaks() -> None:
    bench = Bench()
    bench.announce()
    speak(bench)
    bench.announce(base=None, state="disconnected")
    bench.wait(130)
    assert bench.registry.presences() == {"up": 0, "silent": 0, "offline": 1, "unheard": 0}
    speak(bench)
    assert bench.registry.presences()["up"] == 1
    assert [kind for kind, _, _ in bench.events()] == ["offline", "online"]


def test_a_charger_that_announces_itself_after_its_last_will_is_online_again() -> None:
    bench = Bench()
    bench.announce()
    speak(bench)
    bench.announce(base=None, state="disconnected")
    bench.announce(retained=True)
    assert bench.registry.presences()["offline"] == 1
    bench.announce()
    speak(bench)
    assert bench.registry.presences()["offline"] == 0
    assert [kind for kind, _, _ in bench.events()] == ["offline", "online"]


def test_a_silent_charger_is_not_up_but_stays_known() -> None:
    bench = Bench()
    bench.announce()
    speak(bench)
    bench.wait(121)
    assert bench.metrics()['evse_up{charger="abc123"}'] == 0
    assert bench.metrics()['evse_source{charger="abc123",evse_source="none"}'] == 1
    assert bench.registry.presences()["silent"] == 1


def test_a_charger_retires_after_a_long_silence() -> None:
    bench = Bench(FleetConfig(retire_after=3600))
    bench.announce()
    speak(bench)
    bench.wait(3599)
    assert bench.ears.gone == []
    bench.wait(2)
    assert bench.ears.gone == ["abc123"]


def test_a_clock_that_jumps_ahead_retires_nobody_who_speaks() -> None:
    bench = Bench(FleetConfig(retire_after=3600))
    bench.announce()
    speak(bench)
    bench.wall += 100 * 86400
    bench.wait(1)
    assert bench.ears.gone == []


def test_ignored_chargers_are_not_followed() -> None:
    bench = Bench(FleetConfig(ignore=frozenset({"abc123"})))
    bench.announce()
    assert bench.ears.labels == ["ignored"]
    assert len(bench.fleet) == 0


def test_a_charger_that_is_ignored_from_now_on_goes_at_the_start() -> None:
    before = Bench()
    before.announce()
    speak(before)
    bench = restarted(before, rules=FleetConfig(ignore=frozenset({"abc123"})))
    assert (bench.ears.gone, bench.ears.filters, bench.metrics()) == (["abc123"], set(), {})
    assert bench.registry.saved_states(bench.out.dirty) == {"abc123": None}
    bench.announce()
    speak(bench)
    assert (bench.ears.filters, bench.unrouted, bench.accounts.received) == (set(), 1, 0)


def test_a_charger_of_another_shard_stays_remembered() -> None:
    before = Bench()
    before.announce()
    shard = 1 - shard_of(ChargerId("abc123"), 2)
    bench = restarted(before, rules=FleetConfig(shard=shard, shards=2))
    assert (bench.ears.gone, bench.ears.filters, bench.out.dirty) == ([], set(), set())


def test_a_full_fleet_refuses_newcomers_but_drops_those_who_never_spoke_first() -> None:
    bench = Bench(FleetConfig(most=2))
    bench.announce("aaa", "a", topic="openevse/announce/a")
    speak(bench, "a")
    bench.announce("bbb", "b", topic="openevse/announce/b")
    bench.announce("ccc", "c", topic="openevse/announce/c")
    assert bench.ears.gone == ["bbb"]
    assert bench.ears.labels == ["new", "new", "limit", "new"]
    speak(bench, "c")
    bench.announce("ddd", "d", topic="openevse/announce/d")
    assert bench.ears.labels[-1] == "limit"
    assert {c.id for c in bench.fleet} == {"aaa", "ccc"}


def test_a_retained_announcement_proves_no_presence() -> None:
    bench = Bench()
    bench.announce(retained=True)
    assert bench.metrics()['evse_up{charger="abc123"}'] == 0
    assert bench.registry.presences()["unheard"] == 1


def test_a_refused_announcement_changes_nothing() -> None:
    bench = Bench()
    bench.announce(base="charger/#")
    bench.announce("x" * 65)
    assert bench.ears.labels == ["bad_base", "bad_id"]
    assert len(bench.fleet) == 0
    assert bench.ears.filters == set()


def test_each_charger_has_one_shard_and_a_new_shard_takes_only_its_share() -> None:
    ids = [ChargerId(f"{n:x}") for n in range(2000)]
    three = {i: shard_of(i, 3) for i in ids}
    four = {i: shard_of(i, 4) for i in ids}
    moved = [i for i in ids if three[i] != four[i]]
    assert all(four[i] == 3 for i in moved)
    assert 400 < len(moved) < 600
    assert {shard_of(i, 1) for i in ids} == {0}


def test_chargers_of_other_shards_are_left_to_them() -> None:
    bench = Bench(FleetConfig(shard=1, shards=2))
    for n in range(50):
        bench.announce(f"id{n}", f"base/{n}", topic=f"openevse/announce/{n}")
    assert {c.id for c in bench.fleet} == {
        f"id{n}" for n in range(50) if shard_of(ChargerId(f"id{n}"), 2) == 1
    }
    assert bench.ears.labels.count("other_shard") == 50 - len(bench.fleet)


def test_an_old_topics_retained_word_does_not_change_what_a_charger_says_now() -> None:
    before = Bench()
    before.announce(topic="openevse/announce/old", name="old-name")
    before.announce(topic="openevse/announce/new", name="new-name")
    before.announce(base=None, state="disconnected", topic="openevse/announce/new", name="new-name")
    bench = restarted(before)
    bench.announce(
        base=None, state="disconnected", topic="openevse/announce/new", name="new-name",
        retained=True,
    )  # fmt: skip
    bench.announce(topic="openevse/announce/old", name="old-name", retained=True)
    charger = bench.fleet.get("abc123")
    assert charger is not None
    assert (charger.announced, charger.name) == (False, "new-name")
    assert bench.events() == []


def test_clearing_the_topic_of_a_stale_second_base_lets_go_of_that_base_alone() -> None:
    bench = Bench()
    bench.announce(base="charger/old", topic="openevse/announce/old", retained=True)
    bench.announce(base="charger/new", topic="openevse/announce/new", retained=True)
    speak(bench, "charger/new")
    bench.hear(("openevse/announce/old", ""))
    assert bench.ears.gone == []
    assert bench.ears.filters == {"charger/new/#"}
    bench.wait(1)
    speak(bench, "charger/new")
    assert bench.discarded() == {}


def test_after_a_restart_the_remembered_base_has_time_to_speak_first() -> None:
    before = Bench()
    before.announce(base="charger/one")
    speak(before)
    bench = restarted(before)
    bench.announce(base="charger/two", retained=True)
    speak(bench, "charger/two")
    assert bench.discarded() == {"duplicate": 1}
    bench.wait(120)
    speak(bench, "charger/two")
    assert bench.discarded() == {"duplicate": 1}
    assert bench.events() == [("moved", 0, "charger/one -> charger/two")]


@pytest.mark.parametrize(
    "spoiled",
    [
        {"energy": ["x", 0, 0, 0]}, {"faults": {"x": 1}}, {"stamps": ["a", "b", "c"]},
        {"session": {"plugged": "x"}}, {"energy": 7}, {"faults": {"99": 1}}, {"heard_at": "x"},
    ],
)  # fmt: skip
def test_a_charger_whose_saved_counters_are_spoiled_is_known_all_the_same(
    spoiled: dict[str, object],
) -> None:
    before = Bench()
    before.announce()
    speak(before)
    saved = {id_: {**body, **spoiled} for id_, body in before.saved().items()}
    bench = Bench()
    bench.restore(saved, trusted=True, floor_ms=0)
    speak(bench)
    bench.wait(1)
    assert bench.metrics()['evse_up{charger="abc123"}'] == 1
    assert bench.words.bugs == []


def test_readings_of_a_shared_base_follow_who_is_left_there() -> None:
    bench = Bench()
    bench.announce("abc123")
    bench.announce("def456", topic="openevse/announce/d456")
    bench.hear(("charger/one/amp", "7"))
    bench.announce("abc123", base=None, state="disconnected")
    bench.hear(("charger/one/amp", "7"), ("charger/one/pilot", "16"))
    bench.wait(1)
    metrics = bench.metrics()
    assert metrics['evse_current_amperes{charger="def456",phase="1"}'] == 7
    assert metrics['evse_pilot_amperes{charger="def456"}'] == 16
    assert metrics['evse_up{charger="abc123"}'] == 0


def test_a_charger_that_left_its_old_base_before_it_announced_the_new_one_is_no_duplicate() -> None:
    bench = Bench()
    bench.announce()
    speak(bench)
    bench.wait(8)
    bench.announce(base="charger/two")
    speak(bench, "charger/two")
    assert bench.metrics()['evse_duplicate{charger="abc123"}'] == 0
    assert bench.events() == []


def test_a_charger_that_comes_back_shares_no_stamp_with_its_earlier_life() -> None:
    bench = Bench()
    for wh in ("5", "6"):
        bench.announce()
        bench.hear(("charger/one/wh", wh), ("openevse/announce/c123", ""), gap=0)
    stamps = [line.rsplit(b" ", 1)[1] for line in bench.out.lines]
    assert len(stamps) == len(set(stamps)) == 2


@pytest.mark.parametrize("base", ["a\u0001b", "a\n", "a\u007f", "a\uffff", "/".join("x" * 17)])
def test_a_base_that_a_broker_cannot_carry_is_refused_and_not_remembered(base: str) -> None:
    bench = Bench()
    bench.announce(base=base)
    assert bench.ears.labels == ["bad_base"]
    before = Bench()
    before.announce()
    saved = {id_: {**body, "base": base} for id_, body in before.saved().items()}
    bench.restore(saved, trusted=True, floor_ms=0)
    assert bench.fleet.filters() == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a\x1b]0;b\x07", "a ]0;b"),
        ("x\u202egnp.exe", "x gnp.exe"),
        ("\u2066", None),
        ("Žižkov", "Žižkov"),
    ],
)
def test_a_name_that_an_earlier_version_saved_is_cleaned_too(name: str, kept: str | None) -> None:
    before = Bench()
    before.announce()
    speak(before)
    saved = {id_: {**body, "name": name} for id_, body in before.saved().items()}
    bench = Bench()
    bench.restore(saved, trusted=True, floor_ms=0)
    speak(bench)
    assert [body["name"] for body in bench.saved().values()] == [kept]


def test_strangers_of_an_earlier_run_make_room_too() -> None:
    before = Bench(FleetConfig(most=2))
    for name in ("s1", "s2"):
        before.announce(name, name, topic=f"openevse/announce/{name}")
    bench = Bench(FleetConfig(most=2))
    bench.restore(before.saved(), trusted=True, floor_ms=0)
    bench.announce("real", "real", topic="openevse/announce/real")
    assert bench.ears.labels == ["limit", "new"]


def test_each_charger_that_a_full_fleet_drops_has_the_outcome_limit() -> None:
    bench = Bench(FleetConfig(most=5))
    for n in range(9):
        bench.announce(f"c{n}", f"base/{n}", topic=f"openevse/announce/{n}")
    assert bench.ears.labels.count("limit") == 4
    assert bench.ears.gone == ["c0", "c1", "c2", "c3"]
    assert len(bench.fleet) == 5


def test_a_charger_of_the_last_run_for_which_there_is_no_room_has_the_outcome_limit() -> None:
    before = Bench()
    for n in range(3):
        before.announce(f"c{n}", f"base/{n}", topic=f"openevse/announce/{n}")
    bench = restarted(before, rules=FleetConfig(most=2))
    assert bench.ears.labels == ["limit"]
    assert len(bench.fleet) == 2
    assert bench.out.dirty == set()


def duplicates(bench: Bench) -> list[tuple[int, str]]:
    return [(code, text) for kind, code, text in bench.events() if kind == "duplicate"]


def test_the_end_of_two_bases_that_both_speak_is_an_event() -> None:
    bench = Bench()
    bench.announce()
    bench.announce(base="charger/two", topic="openevse/announce/two")
    for base in ("charger/one", "charger/two", "charger/one"):
        speak(bench, base)
    for _ in range(250):
        bench.wait(1)
        speak(bench, "charger/one")
    assert duplicates(bench) == [
        (1, "charger/one and charger/two both speak"), (0, "no longer"),
    ]  # fmt: skip


def test_the_end_of_a_shared_base_is_an_event_of_both_and_the_next_begins_anew() -> None:
    bench = Bench()
    for _ in range(2):
        bench.announce("abc123")
        bench.announce("def456", topic="openevse/announce/d456")
        bench.announce("def456", topic="openevse/announce/d456", state="disconnected", base=None)
        bench.wait(1)
        bench.wait(121)
    begins = [(1, "base charger/one is claimed by def456 too"),
              (1, "base charger/one is claimed by abc123 too")]  # fmt: skip
    assert duplicates(bench) == [*begins, (0, "no longer"), (0, "no longer")] * 2


def test_two_that_take_turns_are_one_duplicate_that_does_not_end() -> None:
    bench = Bench()
    bench.announce("abc123")
    for _ in range(60):
        bench.announce("def456", topic="openevse/announce/d456")
        bench.wait(5)
        bench.announce("def456", topic="openevse/announce/d456", state="disconnected", base=None)
        bench.wait(5)
    assert [code for code, _ in duplicates(bench)] == [1, 1]


def test_a_duplicate_that_ended_while_the_bridge_was_down_ends_after_its_start() -> None:
    before = Bench()
    before.announce("abc123")
    before.announce("def456", topic="openevse/announce/d456")
    before.announce("def456", topic="openevse/announce/d456", state="disconnected", base=None)
    bench = restarted(before)
    bench.wait(1)
    bench.wait(121)
    assert duplicates(bench) == [(0, "no longer"), (0, "no longer")]


def presence(bench: Bench) -> list[str]:
    return [state for state, count in bench.registry.presences().items() if count]


def test_each_charger_counts_once_by_its_presence() -> None:
    bench = Bench()
    bench.announce()
    assert presence(bench) == ["unheard"]
    speak(bench)
    assert presence(bench) == ["up"]
    bench.announce(state="disconnected", base=None)
    assert presence(bench) == ["offline"]
    speak(bench)
    assert presence(bench) == ["up"]
    assert [kind for kind, _, _ in bench.events()] == ["offline", "online"]
    bench.wait(121)
    assert presence(bench) == ["silent"]
    bench.announce(state="disconnected", base=None)
    assert presence(bench) == ["offline"]
    assert presence(restarted(bench)) == ["offline"]


def test_a_charger_whose_last_will_came_first_is_offline_not_unheard() -> None:
    bench = Bench()
    bench.announce(state="disconnected", base=None)
    assert presence(bench) == ["offline"]
    bench.announce()
    assert presence(bench) == ["unheard"]


def test_one_charger_cannot_flood_the_history_with_announcements() -> None:
    bench = Bench()
    for n in range(1000):
        bench.announce(name=f"name-{n}")
    assert len(bench.out.events) < 25
    assert bench.ears.labels.count("too_often") > 970


def test_few_may_claim_the_same_base() -> None:
    bench = Bench()
    for n in range(100):
        bench.announce(f"id{n}", topic=f"openevse/announce/{n}")
    assert len(bench.fleet.claimants("charger/one")) == 16


def test_renames_leave_no_old_series_behind() -> None:
    bench = Bench()
    for n in range(10):
        bench.announce(name=f"name-{n}")
    infos = [name for name in bench.metrics() if name.startswith("evse_info")]
    assert len(infos) == 1


def test_a_long_payload_is_not_kept() -> None:
    bench = Bench()
    bench.announce()
    bench.hear(("charger/one/amp", "9" * 1_000_000))
    channel = bench.registry.telemetries[ChargerId("abc123")].channel("amp")
    assert channel is not None
    assert channel.payload is None
    assert bench.discarded() == {"malformed": 1}


def test_an_endless_topic_is_not_searched_to_its_end() -> None:
    bench = Bench()
    bench.announce()
    bench.hear(("charger/one" + "/" * 60_000, "1"), ("openevse/announce/" + "x" * 300, "{}"))
    assert (bench.unrouted, bench.discarded()) == (1, {"unknown_field": 1})
    assert bench.routes.routes == {}


def test_a_counter_is_shown_once_it_is_kept() -> None:
    bench = Bench()
    bench.announce()
    bench.hear(("charger/one/state", "3"))
    bench.wait(1)
    bench.hear(("charger/one/state", "6"))
    name = 'evse_faults_total{charger="abc123",fault="gfci_fault"}'
    assert bench.metrics()[name] == 0
    bench.out.show_saved(list(bench.out.counters.items()))
    assert bench.metrics()[name] == 1


def test_a_counter_of_a_charger_that_is_gone_is_shown_no_more() -> None:
    bench = Bench()
    bench.announce()
    bench.hear(("charger/one/state", "3"))
    bench.wait(1)
    bench.hear(("charger/one/state", "6"), ("openevse/announce/c123", ""))
    bench.out.show_saved(list(bench.out.counters.items()))
    assert bench.metrics() == {}
