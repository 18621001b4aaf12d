"""A simulated charger as it sees itself: boots, frozen values, documents, identity."""

from dataclasses import replace
from random import Random

from bridge.sim.device import SimDevice
from bridge.sim.documents import ancestor, limits, nofos
from bridge.sim.endpoint import Endpoint
from bridge.sim.fleet import device, identities
from bridge.sim.gateway import Heap, SimGateway
from bridge.sim.identity import Identity, loopback
from bridge.sim.options import SimOptions
from bridge.sim.plan import FleetUsage
from bridge.sim.scenarios import TABLE
from bridge.sim.settings import ChargerConfig

OPTIONS = SimOptions(broker="mqtt://127.0.0.1")
NOFOS_ORDER = "amp amp1 amp2 amp3 voltage v1 v2 v3 pilot wh state freeram srssi temp1 temp4"
ANCESTOR_ORDER = "amp voltage pilot wh temp1 temp2 temp3 state freeram divertmode srssi"


def charging_device() -> SimDevice:
    """A three-phase charger with both sensors, in the midst of a charge."""
    for seed in range(1000):
        one = SimDevice(rng=Random(seed), temper=FleetUsage())
        view = one.view(0.0)
        if view.state == 3 and view.amps[2] > 5 and view.temp1 is not False and view.temp4:
            one.life.advance(1.0)
            return one
    raise AssertionError("nobody charges")


def test_the_nofos_document_has_the_members_of_the_guide_in_their_order() -> None:
    assert [name for name, _ in nofos(charging_device().view(1.0))] == NOFOS_ORDER.split()


def test_temp4_is_absent_without_support_for_its_sensor() -> None:
    view = replace(charging_device().view(1.0), temp4=None)
    assert [name for name, _ in nofos(view)] == NOFOS_ORDER.split()[:-1]


def test_the_ancestors_document_has_its_own_members() -> None:
    assert [name for name, _ in ancestor(charging_device().view(1.0))] == ANCESTOR_ORDER.split()


def test_nofos_tells_amperes() -> None:
    view = replace(charging_device().view(1.0), amps=(15.9804, 0.0, 0.0))
    assert dict(nofos(view))["amp"] == 15.98


def test_the_ancestor_tells_milliamperes() -> None:
    view = replace(charging_device().view(1.0), amps=(15.9804, 0.0, 0.0))
    assert dict(ancestor(view))["amp"] == 15980


def test_temperature_is_in_tenths_of_a_degree() -> None:
    temp1 = charging_device().view(1.0).temp1
    assert isinstance(temp1, int)
    assert 45 <= temp1 <= 700


def test_shared_current_comes_with_three_event_driven_members() -> None:
    names = [name for name, _ in limits(16)]
    assert names == ["charge_rate", "available_current", "smoothed_available_current"]


def test_ten_seconds_after_a_boot_the_totals_are_false_zeros() -> None:
    one = charging_device()
    one.gateway.restart(at=1.0, unix=1.8e9, reason=4)
    one.life.advance(8.0)
    view = one.view(8.0)
    seen = (view.connected, view.state, view.wh, view.wattsec, view.amps[0], view.temp1)
    assert seen == (True, 3, 0.0, 0, 0.0, False)


def test_the_true_totals_return_after_the_zeros() -> None:
    one = charging_device()
    before = one.view(1.0).wh
    one.gateway.restart(at=1.0, unix=1.8e9, reason=4)
    one.life.advance(15.0)
    assert one.view(15.0).wh > before


def test_a_gateway_that_just_booted_knows_no_state() -> None:
    one = charging_device()
    one.gateway.restart(at=1.0, unix=1.8e9, reason=4)
    assert (one.view(5.0).state, one.view(5.0).connected) == (0, False)


def test_behind_a_hung_controller_the_values_stay() -> None:
    one = charging_device()
    one.freeze(at=1.0, until=200.0)
    one.life.advance(100.0)
    assert one.view(100.0).wh == one.view(1.0).wh


def test_a_hung_controller_answers_no_commands() -> None:
    one = charging_device()
    one.freeze(at=1.0, until=200.0)
    early, late = one.view(2.0), one.view(190.0)
    assert late.sent > early.sent
    assert late.success == early.success
    assert not late.connected


def test_a_controller_that_hung_measures_again() -> None:
    one = charging_device()
    one.freeze(at=1.0, until=60.0)
    one.life.advance(61.0)
    assert one.view(61.0).wh > one.view(1.0).wh - 1
    assert one.view(61.0).connected


def test_a_crash_counts_as_boot_and_as_crash() -> None:
    gateway = SimGateway(Random(1))
    boots, crashes = gateway.boot_count, gateway.crash_seq
    gateway.restart(at=10.0, unix=1.8e9, reason=4)
    assert (gateway.boot_count - boots, gateway.crash_seq - crashes) == (1, 1)


def test_a_planned_reboot_is_no_crash() -> None:
    gateway = SimGateway(Random(1))
    boots, crashes = gateway.boot_count, gateway.crash_seq
    gateway.restart(at=10.0, unix=1.8e9, reason=3)
    assert (gateway.boot_count - boots, gateway.crash_seq - crashes) == (1, 0)


def test_a_boot_remembers_the_heap_of_the_one_before() -> None:
    gateway = SimGateway(Random(1))
    heap: Heap = gateway.heap(10.0)
    gateway.restart(at=10.0, unix=1.8e9, reason=4)
    assert gateway.previous is not None
    assert gateway.previous.heap == heap


def test_previous_uptime_wraps_at_32_bits() -> None:
    gateway = SimGateway(Random(1))
    gateway.booted = 0.0
    gateway.restart(at=4_294_968.0, unix=1.8e9, reason=4)
    assert gateway.previous is not None
    assert gateway.previous.uptime_ms == 704


def fleet(scenario: str, chargers: int, seed: int = 1) -> list[Identity]:
    return identities(replace(OPTIONS, chargers=chargers, seed=seed), TABLE[scenario])


def test_ids_are_hex_without_padding() -> None:
    lengths = {len(one.id) for one in fleet("calm", 200)}
    assert lengths == {11, 12}
    assert all(int(one.id, 16) > 0 and one.id == one.id.lower() for one in fleet("calm", 200))


def test_topics_come_from_the_last_four_digits() -> None:
    one = fleet("calm", 1)[0]
    assert one.announce == f"openevse/announce/{one.id[-4:]}"
    assert one.base == f"charger/nofos-{one.id[-4:]}"


def test_no_two_calm_chargers_share_anything() -> None:
    chargers = fleet("calm", 3000)
    for name in ("id", "base", "announce", "address"):
        assert len({getattr(one, name) for one in chargers}) == 3000


def test_a_bad_day_has_two_chargers_with_one_base() -> None:
    chargers = fleet("bad-day", 14)
    assert chargers[1].base == chargers[0].base
    assert chargers[1].announce != chargers[0].announce


def test_a_bad_day_has_two_chargers_with_one_announce_topic() -> None:
    chargers = fleet("bad-day", 14)
    assert chargers[12].announce == chargers[11].announce
    assert chargers[12].id != chargers[11].id


def test_a_larger_fleet_begins_with_the_smaller() -> None:
    assert fleet("calm", 30)[:10] == fleet("calm", 10)


def test_another_seed_is_another_fleet() -> None:
    assert fleet("calm", 5, seed=1) != fleet("calm", 5, seed=2)


def test_the_same_seed_gives_the_same_course() -> None:
    one, other = (device(OPTIONS, TABLE["bad-day"], 3) for _ in range(2))
    assert one.life.advance(20_000.0) == other.life.advance(20_000.0)
    assert one.view(20_000.0) == other.view(20_000.0)


def test_every_charger_has_its_own_loopback_address() -> None:
    addresses = [loopback(index) for index in (0, 253, 254, 65_024)]
    assert addresses == ["127.1.0.1", "127.1.0.254", "127.1.1.1", "127.2.0.1"]


def settings() -> ChargerConfig:
    return ChargerConfig(
        identity=fleet("calm", 1)[0],
        endpoint=Endpoint("127.0.0.1", 1883, password="s3cret"),
        username="",
        password="",
    )


def test_secrets_are_masked() -> None:
    assert settings().shown()["mqtt_pass"] == "_DUMMY_PASSWORD"


def test_a_mask_that_comes_back_changes_no_secret() -> None:
    stored = settings()
    assert stored.change({"mqtt_pass": "_DUMMY_PASSWORD"}) == set()
    assert stored.text("mqtt_pass") == "s3cret"


def test_unknown_settings_and_wrong_types_are_ignored() -> None:
    assert settings().change({"nonsense": 1, "mqtt_port": "1884", "mqtt_topic": 5}) == set()
