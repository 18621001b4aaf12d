"""One run of the bridge on a virtual clock: core, pipeline and polling, no sockets or disks."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bridge.core.clock import Steady
from bridge.core.fields.status import StatusReader
from bridge.core.model import ChargerId, Dialect, Event, Message, SavedState, Session
from bridge.core.polling.address import RefusedAddress
from bridge.core.polling.outcome import Page
from bridge.core.polling.reply import PollReply
from bridge.core.polling.schedule import PollConfig, PollRequest
from bridge.core.unread import Unread
from bridge.ingest.known_chargers import KnownChargers
from bridge.ingest.polling import Polling
from bridge.storage.committer import COMMIT_SECONDS, SAVE_SECONDS
from tests.kit.core import EPOCH, Bench
from tests.kit.polling import Plan

_ENERGY = b"energy_total="
_STEADY = 1000.0
"""The steady clock's reading when the week begins."""


@dataclass
class Disk:
    """What survives the bridge: chargers as last saved, events, sessions, the last stamp."""

    bodies: dict[str, SavedState] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    last_ms: int = 0
    energies: dict[bytes, float] = field(default_factory=dict)
    """The latest total of each charger's points."""
    fallen: list[str] = field(default_factory=list)
    """Counters that fell."""
    shown: dict[str, float] = field(default_factory=dict)
    """What the last scrape showed."""


class Bridge:
    """Commits as the committer does; `now` is always simulated time."""

    def __init__(self, disk: Disk, now: float, *, trusted: bool) -> None:
        self.disk = disk
        self.bench = Bench()
        self.turn(now)
        registry = self.bench.registry
        self.bench.restore(disk.bodies, trusted=trusted, floor_ms=disk.last_ms)
        plan = Plan(PollConfig(), random=lambda: 0.5)
        self.plan = plan.schedule
        self.polling = Polling(
            telemetries=registry.telemetries, schedule=self.plan, queues=plan.queues, ports=(80,),
            known=KnownChargers(
                registry.telemetries, named=(), login_after=0.0, stale_after=120.0
            ),
            documents=self.bench.documents, boundary=self.bench.boundary,
            readers={dialect: StatusReader(dialect, None) for dialect in Dialect}, report=self,
        )  # fmt: skip
        self.next_poll = now
        """When the next poll is due, in simulated time."""
        self._committed = now
        self.recent = False
        """Numbers that only grew are saved as well; only the last minutes' can matter."""

    def address_refused(self, charger: ChargerId, refused: RefusedAddress) -> None:
        raise AssertionError(f"{charger} may not be polled: {refused.reason}")

    def credentials_refused(self, why: str) -> None:
        raise AssertionError(why)

    def address_shared(self, charger: ChargerId, first: ChargerId) -> None:
        raise AssertionError(f"{charger} shares the address of {first}")

    def login_withheld(self, charger: ChargerId) -> None:
        raise AssertionError(f"{charger} waits for a login that nobody set")

    def document_unread(self, charger: ChargerId, page: Page, unread: Unread) -> None:
        """No document of the week is unreadable."""

    def config_differs(
        self, charger: ChargerId, member: str, configured: str, announced: str
    ) -> None:
        raise AssertionError(f"{charger} has {member} {configured}, not {announced}")

    def turn(self, now: float) -> None:
        """Turn the clocks; the steady one shows what it likes."""
        self.bench.wall, self.bench.steady = EPOCH + now, _STEADY + now

    def hear(self, messages: Iterable[Message]) -> None:
        """Messages that arrive at this moment."""
        bench = self.bench
        bench.pipeline.process(messages, bench.now)
        there, bench.ears.there = bench.ears.there, []
        for charger in there:
            self.polling.poll_soon(ChargerId(charger), bench.now)
            self._plan_ahead()

    def tick(self) -> None:
        """End frames; commit what has waited long enough."""
        bench = self.bench
        if bench.out.open_frames:
            bench.pipeline.close_quiet_frames(bench.now)
        if bench.wall - EPOCH - self._committed >= COMMIT_SECONDS:
            self._committed = bench.wall - EPOCH
            self.commit()

    def sweep(self) -> None:
        """Look at all chargers."""
        now = self.bench.now
        self.bench.registry.begin_round()
        self.bench.discovery.sweep(now, 10_000, listened=now.steady)
        self.polling.begin_round()
        self.polling.sweep(now)
        self._plan_ahead()

    def asks(self) -> list[PollRequest]:
        """The polls to start now."""
        asks = self.plan.due(Steady(self.bench.steady))
        self._plan_ahead()
        return asks

    def reply(self, ask: PollRequest, reply: PollReply) -> None:
        """A poll ended."""
        self.plan.done(ask, reply.outcome, Steady(self.bench.steady))
        self.polling.poll_ended(ask, reply, self.bench.now)
        self._plan_ahead()

    def _plan_ahead(self) -> None:
        due = self.plan.next_due()
        self.next_poll = float("inf") if due is None else due - _STEADY

    def commit(self) -> None:
        """Keep lines, events, sessions and chargers; then show what they count."""
        disk, out = self.disk, self.bench.out
        self._keep_lines()
        if out.dirty or self.recent:
            self._keep_bodies()
        if out.events or out.sessions:
            disk.events += out.events
            disk.sessions += out.sessions
            out.events, out.sessions = [], []
        out.show_saved(list(out.counters.items()))

    def _keep_lines(self) -> None:
        disk, out = self.disk, self.bench.out
        for line in out.lines:
            at = line.find(_ENERGY)
            if at > 0:
                total = float(line[at + len(_ENERGY) :].split(b",", 1)[0])
                self._look(line[: line.index(b" ")], total)
        self.bench.accounts.stored += out.readings_held
        out.readings_held, out.lines, out.readings = 0, [], []
        disk.last_ms = out.last_ms

    def _look(self, charger: bytes, total: float) -> None:
        last = self.disk.energies.get(charger, 0.0)
        if total < last:
            self.disk.fallen.append(f"{charger.decode()} from {last} to {total}")
        self.disk.energies[charger] = total

    def _keep_bodies(self) -> None:
        out, oldest = self.bench.out, self.bench.steady - SAVE_SECONDS
        ripe = {id_ for id_, since in out.dirty_since.items() if since <= oldest}
        for id_, body in self.bench.registry.saved_states(out.dirty | ripe).items():
            assert body is not None, f"{id_} is forgotten"
            self.disk.bodies[id_] = body
        for id_ in out.dirty | ripe:
            out.dirty_since.pop(id_, None)
        out.dirty = set()

    def scrape(self) -> None:
        """Look at all series; no counter may have fallen since the last scrape."""
        shown = self.disk.shown
        for row in self.bench.rows():
            name, _, text = row.rpartition(" ")
            if "_total" in name and "evse_rapi_" not in name:
                value = float(text)
                if value < shown.get(name, 0.0):
                    self.disk.fallen.append(f"{name} from {shown[name]} to {value}")
                shown[name] = value

    def stop(self) -> None:
        """End as told to: all is written."""
        out = self.bench.out
        self.bench.registry.close()
        out.dirty |= out.dirty_since.keys()
        self.commit()
        self.adds_up()

    def adds_up(self) -> None:
        """Every reading is accounted for, and nothing went wrong that nobody foresaw."""
        accounts, out = self.bench.accounts, self.bench.out
        went = (
            accounts.stored
            + out.readings_open
            + out.readings_held
            + sum(accounts.discarded.values())
        )
        assert accounts.received == went
        assert self.bench.words.bugs == []
