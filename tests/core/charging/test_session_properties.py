"""Random histories: cars that come and go unheard, pauses, restarts, both sources."""

from dataclasses import dataclass, field

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.core.model import Event, EventKind, Session
from bridge.core.polling.outcome import PollOutcome
from tests.kit.core import Bench, restarted
from tests.kit.desk import Desk

STEP = 30


@dataclass
class Charger:
    """A charger with its meters: `lags`: it raises its total only when a session ends."""

    lags: bool
    state: int = 1
    delivered: float = 5000.0
    """Wh, all that it ever gave."""
    total: float = 5000.0
    session_wh: float = 0.0
    elapsed: float = 0.0
    amperes: float = 0.0
    known: list[tuple[float, float]] = field(default_factory=list)
    """Times and currents that were measured."""

    def plug(self) -> None:
        self.total = self.delivered
        self.state, self.session_wh, self.elapsed = 2, 0.0, 0.0

    def unplug(self) -> None:
        self.total, self.state, self.amperes = self.delivered, 1, 0.0

    def run(self, seconds: float) -> None:
        if self.state == 3:
            wh = self.amperes * 230 * seconds / 3600
            self.delivered, self.session_wh = self.delivered + wh, self.session_wh + wh
            self.elapsed += seconds
        if not self.lags:
            self.total = self.delivered

    def status(self) -> dict[str, object]:
        return {
            "state": self.state, "watthour": int(self.total), "wattsec": self.session_wh * 3600,
            "elapsed": int(self.elapsed), "amp": self.amperes,
        }  # fmt: skip

    def speech(self) -> dict[str, str]:
        return {"state": str(self.state), "wh": str(int(self.total)), "amp1": str(self.amperes)}


ACTIONS = st.one_of(
    st.tuples(st.just("charge"), st.integers(1, 20)),
    st.tuples(st.just("pause"), st.sampled_from([2, 25, 60])),
    st.tuples(st.just("unheard"), st.sampled_from([3, 21, 50])),
    st.tuples(st.just("swap"), st.sampled_from([1, 22, 50])),
    st.tuples(st.just("restart"), st.sampled_from([1, 22, 50])),
    st.tuples(st.just("restart_swap"), st.sampled_from([1, 22, 50])),
    st.tuples(st.just("leave"), st.sampled_from([1, 3, 25])),
)


class World:
    """A charger, the bridge that hears it, and the sessions that were written."""

    def __init__(self, *, lags: bool, source: str) -> None:
        self.charger = Charger(lags)
        bench = Bench()
        bench.announce()
        self.desk = Desk(bench)
        self.source = source
        self.sessions: list[Session] = []
        self.flagged: list[Event] = []
        self.count = 0
        self.hear()

    def hear(self) -> None:
        """Half a minute, at the end of which the charger reports."""
        charger, bench = self.charger, self.desk.bench
        if charger.state == 3:
            self.count += 1
            charger.amperes = 6 + self.count % 260 / 10
        charger.run(STEP)
        self.wait(1)
        if charger.state == 3:
            charger.known.append((bench.wall, charger.amperes))
        if self.source != "http":
            self.desk.speak(0.5, **charger.speech())
        if self.source == "http" or (self.source == "both" and self.count % 5 == 0):
            self.desk.answer(PollOutcome.OK, **charger.status())
        self.sessions += bench.out.sessions
        bench.out.sessions.clear()
        self.flagged += [one for one in bench.out.events if one.kind is EventKind.CONTRADICTORY]
        bench.out.events.clear()

    def wait(self, steps: int) -> None:
        for _ in range(steps * 3):
            self.desk.bench.wait(STEP / 3)

    def pass_unheard(self, steps: int) -> None:
        for _ in range(steps):
            self.charger.run(STEP)
        self.wait(steps)

    def swap(self) -> None:
        """One car leaves, another comes and charges."""
        self.charger.unplug()
        self.charger.plug()
        self.count += 1
        self.charger.state, self.charger.amperes = 3, 6 + self.count % 260 / 10

    def restart(self, steps: int, *, swap: bool) -> None:
        bench = restarted(self.desk.bench, after=steps * STEP)
        self.charger.run(steps * STEP / 2)
        if swap:
            self.swap()
        self.charger.run(steps * STEP / 2)
        bench.announce()
        self.desk = Desk(bench)

    def do(self, action: str, steps: int) -> None:
        charger = self.charger
        match action:
            case "charge":
                if charger.state == 1:
                    charger.plug()
                    self.hear()
                charger.state = 3
            case "pause":
                if charger.state == 1:
                    return None
                charger.state, charger.amperes = 254, 0.0
            case "unheard":
                return self.pass_unheard(steps)
            case "swap":
                self.pass_unheard(steps)
                return self.swap()
            case "restart" | "restart_swap":
                return self.restart(steps, swap=action == "restart_swap")
            case "leave":
                charger.unplug()
        for _ in range(steps):
            self.hear()
        return None


def check(world: World) -> None:
    sessions, charger = world.sessions, world.charger
    rise = int(charger.total) - 5000
    assert sum(one.energy_wh for one in sessions) <= rise + 1e-6
    end = 0.0
    for one in sessions:
        assert 0 <= one.charging_s <= one.plugged_s + 1e-3
        assert end <= one.start <= one.end
        end = one.end
        times = [at for at, amperes in charger.known if abs(amperes - one.peak_a) < 1e-6]
        if one.peak_a:
            assert any(one.start - 1.5 <= at <= one.end + 1.5 for at in times), one
        assert one.doubtful is False
    assert world.flagged == []


@settings(max_examples=150, deadline=None)
@given(
    lags=st.booleans(),
    source=st.sampled_from(["mqtt", "http", "both"]),
    actions=st.lists(ACTIONS, min_size=3, max_size=12),
)
@example(
    lags=False,
    source="both",
    actions=[("charge", 1)] * 3
    + [("charge", 5), ("restart_swap", 1), ("pause", 25), ("charge", 1)],
)
def test_sessions_share_out_what_the_counter_rose(
    lags: bool, source: str, actions: list[tuple[str, int]]
) -> None:
    world = World(lags=lags, source=source)
    for action, steps in actions:
        world.do(action, steps)
    world.do("leave", 6)
    check(world)
