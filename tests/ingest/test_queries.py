"""What `run` asks over MQTT, and what becomes of the answers: a pipeline without a broker."""

import json
from dataclasses import dataclass, field

import pytest

from bridge.core.clock import Unix
from bridge.core.fields.status import StatusReader
from bridge.core.model import ChargerId, Dialect
from bridge.core.polling.address import AddressFault, RefusedAddress
from bridge.core.polling.lanes import Lane
from bridge.core.polling.outcome import Page
from bridge.core.polling.outcome import PollOutcome as PollOutcome
from bridge.core.polling.reply import PollReply
from bridge.core.polling.schedule import PollRequest
from bridge.core.rapi.query import Query
from bridge.core.rapi.schedule import QueryConfig, QuerySchedule
from bridge.ingest.queries import Queries
from bridge.web.view import charger_view
from tests.kit.core import Bench
from tests.kit.desk import Desk as PollDesk

ONE = ChargerId("abc123")
BASE = "charger/one"
GF, GU, GS = "$OK 5 0 1", "$OK 36000 20127", "$OK 03 90 03 0140"


@dataclass
class Desk:
    """Queries over a bench; the test decides what the broker delivers."""

    bench: Bench = field(default_factory=Bench)
    sent_queries: list[tuple[str, str]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    connected: bool = True
    http: set[str] = field(default_factory=set)
    manner: QueryConfig = field(default_factory=lambda: QueryConfig(every=60.0, jitter=0.0))

    def __post_init__(self) -> None:
        self.queries = Queries(
            telemetries=self.bench.registry.telemetries,
            publisher=self, documents=self.bench.documents, boundary=self.bench.boundary,
            schedule=QuerySchedule(self.manner, random=lambda: 0.0), report=self,
            readers={dialect: StatusReader(dialect, None) for dialect in Dialect},
            unpolled=lambda charger: charger not in self.http, silent_after=75.0,
        )  # fmt: skip
        self.bench.pipeline = self.bench.pipeline_with(self.queries.observe_rapi)

    def publish_query(self, base: str, query: Query) -> bool:
        if self.connected:
            self.sent_queries.append((base, query.value))
        return self.connected

    def query_lost(self, charger: ChargerId) -> None:
        self.lost.append(charger)

    def announce(self, charger: str = ONE, base: str = BASE) -> None:
        members = {"state": "connected", "id": charger, "name": charger, "mqtt": base}
        self.bench.hear((f"openevse/announce/{charger}", json.dumps(members)), gap=0)

    def speak(self, base: str = BASE) -> None:
        """The periodic document."""
        self.bench.hear((f"{base}/amp1", "16"), (f"{base}/wh", "20120"), (f"{base}/state", "3"))

    def wait(self, seconds: int, *, speaking: bool = True) -> None:
        for second in range(seconds):
            if speaking and second % 30 == 0:
                self.speak()
            self.bench.wait(1)
            self.queries.sweep(self.bench.now)

    def pass_on(self) -> None:
        """The broker delivers our last query back."""
        base, query = self.sent_queries[-1]
        self.bench.hear((f"{base}/rapi/in/{query}", ""))

    def answer(self, line: str) -> None:
        """The charger answers our last query."""
        self.pass_on()
        self.bench.hear((f"{self.sent_queries[-1][0]}/rapi/out", line))
        self.bench.wait(1)

    def counted(self) -> dict[str, int]:
        return {outcome: count for outcome, count in self.queries.outcomes.items() if count}

    def polled(self) -> list[str]:
        """The points that answers made."""
        self.bench.wait(1)
        return [point for point in self.bench.points() if point.endswith("polled=1i")]

    def adds_up(self) -> bool:
        accounts, out = self.bench.accounts, self.bench.out
        return accounts.received == out.readings_open + out.readings_held + sum(
            accounts.discarded.values()
        )


@pytest.fixture
def desk() -> Desk:
    """A charger without HTTP that sends telemetry; it has just been queried."""
    made = Desk()
    made.announce()
    made.wait(40)
    return made


def test_a_charger_without_http_is_asked_for_its_energy_faults_and_state(desk: Desk) -> None:
    for line in (GU, GF, GS):
        desk.answer(line)
        desk.wait(60)
    assert desk.sent_queries == [(BASE, "$GU"), (BASE, "$GF"), (BASE, "$GS"), (BASE, "$GU")]
    assert desk.counted() == {"answered": 3}


def test_its_counters_become_a_point(desk: Desk) -> None:
    desk.answer(GU)
    desk.wait(60)
    desk.answer(GF)
    assert desk.polled()[1:] == ["gfci_trips=5i,no_ground_trips=0i,stuck_relay_trips=1i,polled=1i"]


def test_what_mqtt_brings_by_itself_is_fresher_than_an_answer(desk: Desk) -> None:
    desk.answer(GU)
    assert desk.polled() == ["session_energy=10.0,polled=1i"]
    assert desk.bench.discarded()["fresher_source"] == 1
    assert desk.bench.metrics()['evse_session_energy_joules{charger="abc123"}'] == 36_000


def test_the_time_of_the_session_arrives(desk: Desk) -> None:
    for line in (GU, GF, GS):
        desk.answer(line)
        desk.wait(60)
    assert desk.bench.metrics()['evse_session_duration_seconds{charger="abc123"}'] == 90


def test_its_trips_count_at_once_as_the_controller_says_them(desk: Desk) -> None:
    desk.answer(GU)
    desk.wait(60)
    desk.answer(GF)
    metrics = desk.bench.metrics()
    assert metrics['evse_gfci_trips_total{charger="abc123"}'] == 5
    assert metrics['evse_no_ground_trips_total{charger="abc123"}'] == 0
    assert metrics['evse_stuck_relay_trips_total{charger="abc123"}'] == 1


def test_an_answer_tells_nothing_of_the_gateway(desk: Desk) -> None:
    """The values from an earlier /status stay until they are stale."""
    telemetry = desk.bench.registry.telemetries[ONE]
    reader = StatusReader(Dialect.NOFOS, None)
    telemetry.documents.receive_status(
        reader.read({"mode": "STA", "rapi_connected": 0}, Unix(0.0)), 0.1, desk.bench.now
    )
    alarms = telemetry.documents.poll_hints
    desk.answer(GU)
    mode = 'evse_network_mode{charger="abc123",evse_network_mode="STA"}'
    assert desk.bench.metrics()[mode] == 1
    assert telemetry.documents.poll_hints == alarms


def test_every_member_of_an_answer_is_accounted_for(desk: Desk) -> None:
    before = desk.bench.accounts.received
    desk.answer(GU)
    # Our query, the answer, and its two members.
    assert desk.bench.accounts.received - before == 4
    assert desk.bench.discarded() == {"command": 2, "fresher_source": 1}
    assert desk.adds_up()


def test_an_answer_that_cannot_be_is_discarded_with_a_reason(desk: Desk) -> None:
    desk.answer("$OK -5 20127")
    assert desk.bench.discarded()["implausible"] == 1
    assert desk.adds_up()


def test_an_answer_is_no_poll_and_leaves_the_path_alone(desk: Desk) -> None:
    desk.answer(GU)
    metrics = desk.bench.metrics()
    assert metrics['evse_source{charger="abc123",evse_source="mqtt"}'] == 1
    assert not any(name.startswith(("evse_poll_success", "evse_last_poll")) for name in metrics)
    assert metrics['evse_poll_failures_total{charger="abc123"}'] == 0
    assert "path" not in [kind for kind, _, _ in desk.bench.events()]


def test_an_answer_shows_as_mqtts(desk: Desk) -> None:
    desk.answer(GU)
    shown = charger_view(desk.bench.registry.telemetries[ONE], desk.bench.now)
    assert shown["last_poll"] is None
    assert shown["values"]["session_energy"]["source"] == "mqtt"  # type: ignore[index]  # a dict


def test_others_commands_and_their_answers_are_commands(desk: Desk) -> None:
    desk.bench.hear((f"{BASE}/rapi/in/$SC", "13"), (f"{BASE}/rapi/out", "$OK^20"))
    assert desk.bench.discarded() == {"command": 2}


def test_an_answer_while_another_asks_too_is_dropped(desk: Desk) -> None:
    desk.pass_on()
    desk.bench.hear((f"{BASE}/rapi/in/$GA", ""), (f"{BASE}/rapi/out", GU))
    assert desk.polled() == []
    assert desk.counted() == {"ambiguous": 1}


def test_while_another_waits_for_an_answer_nothing_is_asked(desk: Desk) -> None:
    desk.answer(GU)
    desk.wait(57)
    desk.bench.hear((f"{BASE}/rapi/in/$GA", ""))
    desk.wait(5)
    assert desk.sent_queries == [(BASE, "$GU")]
    assert desk.counted() == {"answered": 1, "ambiguous": 1}


def test_what_the_broker_kept_is_nobodys_question(desk: Desk) -> None:
    desk.pass_on()
    desk.bench.hear((f"{BASE}/rapi/in/$SC", "13"), retained=True)
    desk.bench.hear((f"{BASE}/rapi/out", "$OK 1 2"), retained=True)
    desk.bench.hear((f"{BASE}/rapi/out", GU))
    assert desk.counted() == {"answered": 1}
    assert desk.polled() == ["session_energy=10.0,polled=1i"]


@pytest.mark.parametrize(
    ("line", "outcome"), [("$NK^21", "refused"), (GF, "malformed"), ("?", "malformed")]
)
def test_an_answer_without_values_is_counted(desk: Desk, line: str, outcome: str) -> None:
    desk.answer(line)
    assert desk.counted() == {outcome: 1}
    assert desk.polled() == []


def test_a_charger_that_does_not_answer_is_counted(desk: Desk) -> None:
    desk.pass_on()
    desk.wait(5)
    assert desk.counted() == {"timeout": 1}
    assert desk.lost == []


def test_a_broker_that_passes_no_query_on_is_told_of(desk: Desk) -> None:
    desk.wait(70)
    assert (desk.counted(), desk.lost) == ({"timeout": 2}, [])
    desk.wait(60)
    assert (desk.counted(), desk.lost) == ({"timeout": 3}, [ONE])


def test_a_charger_with_http_is_not_asked() -> None:
    desk = Desk(http={ONE})
    desk.announce()
    desk.wait(300)
    assert desk.sent_queries == []


def test_a_charger_that_is_silent_is_not_asked() -> None:
    desk = Desk()
    desk.announce()
    desk.wait(300, speaking=False)
    assert desk.sent_queries == []


def test_one_that_fell_silent_is_asked_again_once_it_speaks(desk: Desk) -> None:
    desk.answer(GU)
    desk.wait(300, speaking=False)
    silent = len(desk.sent_queries)
    desk.wait(60)
    assert (silent, len(desk.sent_queries)) == (2, 3)


def test_one_that_said_goodbye_is_not_asked(desk: Desk) -> None:
    desk.answer(GU)
    desk.bench.announce(ONE, None, state="disconnected")
    desk.wait(60, speaking=False)
    assert len(desk.sent_queries) == 1


def test_a_base_that_two_claim_is_not_asked(desk: Desk) -> None:
    desk.answer(GU)
    desk.announce("other")
    desk.wait(300)
    assert desk.bench.metrics()['evse_duplicate{charger="abc123"}'] == 1
    assert len(desk.sent_queries) == 1


def test_a_base_in_which_a_command_hides_is_not_asked() -> None:
    desk, base = Desk(), f"{BASE}/rapi/in/$FD"
    desk.announce(base=base)
    for _ in range(10):
        desk.speak(base)
        desk.wait(20, speaking=False)
    assert desk.bench.metrics()['evse_up{charger="abc123"}'] == 1
    assert desk.sent_queries == []


def test_two_devices_with_one_id_are_not_asked(desk: Desk) -> None:
    desk.answer(GU)
    desk.announce(base="charger/new")
    for _ in range(10):
        desk.speak()
        desk.speak("charger/new")
        desk.wait(20, speaking=False)
    assert desk.bench.metrics()['evse_duplicate{charger="abc123"}'] == 1
    assert len(desk.sent_queries) == 1


def test_a_charger_that_moved_is_asked_at_its_new_base(desk: Desk) -> None:
    desk.answer(GU)
    desk.announce(base="charger/new")
    desk.wait(130, speaking=False)
    for _ in range(4):
        desk.speak("charger/new")
        desk.wait(30, speaking=False)
    assert desk.sent_queries[-1][0] == "charger/new"
    desk.answer({"$GU": GU, "$GF": GF, "$GS": GS}[desk.sent_queries[-1][1]])
    assert desk.counted()["answered"] == 2


def test_an_answer_below_the_chargers_other_base_is_passed_over(desk: Desk) -> None:
    desk.announce(base="charger/new")
    desk.pass_on()
    desk.bench.hear(("charger/new/rapi/out", GU))
    assert desk.counted() == {}
    desk.bench.hear((f"{BASE}/rapi/out", GU))
    assert desk.counted() == {"answered": 1}


def test_a_charger_that_is_gone_is_forgotten(desk: Desk) -> None:
    desk.pass_on()
    desk.bench.hear(("openevse/announce/abc123", ""))
    desk.wait(200, speaking=False)
    assert desk.sent_queries == [(BASE, "$GU")]
    assert ONE not in desk.queries._schedule


def test_without_a_connection_nothing_is_asked_and_nobody_blamed(desk: Desk) -> None:
    desk.answer(GU)
    desk.connected = False
    desk.wait(300)
    assert desk.counted() == {"answered": 1}
    desk.connected = True
    desk.wait(60)
    assert desk.sent_queries == [(BASE, "$GU"), (BASE, "$GF")]


def test_few_of_a_fleet_are_asked_at_once() -> None:
    desk = Desk(manner=QueryConfig(every=60.0, jitter=0.0, at_once=3))
    for number in range(40):
        desk.announce(f"c{number}", f"charger/{number}")
        desk.speak(f"charger/{number}")
    desk.queries.sweep(desk.bench.now)
    desk.bench.steady += 61
    desk.queries.sweep(desk.bench.now)
    desk.queries.sweep(desk.bench.now)
    assert len(desk.sent_queries) == 3


def test_where_the_broker_passes_nothing_on_the_fleet_is_asked_one_by_one() -> None:
    desk = Desk()
    for number in range(40):
        desk.announce(f"c{number}", f"charger/{number}")
    for _ in range(10):
        for number in range(40):
            desk.speak(f"charger/{number}")
        desk.wait(30, speaking=False)
    assert len(desk.sent_queries) <= 20
    assert len(desk.lost) >= 3


def test_an_address_that_is_none_or_may_not_be_called_is_no_http() -> None:
    bench = Bench()
    polls = PollDesk(bench)
    bench.announce()
    assert not polls.polling.unpollable(ONE), "no sweep yet"
    polls.wait(1)
    assert not polls.polling.unpollable(ONE)
    request = PollRequest(ONE, Page.STATUS, Lane.NEW, bench.steady)
    refused = RefusedAddress(AddressFault.UNSPECIFIED, "is no host's")
    forbidden = PollReply(PollOutcome.FORBIDDEN, 0.0, refused=refused)
    polls.polling.poll_ended(request, forbidden, bench.now)
    assert polls.polling.unpollable(ONE)
    polls.answer()
    assert not polls.polling.unpollable(ONE)
    bench.hear(("openevse/announce/c123", json.dumps(
        {"state": "connected", "id": ONE, "mqtt": BASE, "http": "http:///"})))  # fmt: skip
    polls.wait(1)
    assert polls.polling.unpollable(ONE)
