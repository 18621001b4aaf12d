"""Random histories of clock steps, restarts, suspensions and lost connections."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.clock_steps import ClockSteps
from bridge.core.discovery.config import FleetConfig
from tests.kit.core import Bench

DAY = 86_400.0
RULES = FleetConfig(retire_after=3600.0)
NAMES = ("a", "b")
SPANS = st.sampled_from([0.5, 20.0, 200.0, 1500.0, 2500.0])
STEPS = st.sampled_from(
    [-40 * DAY, -7200.0, -90.0, -61.0, -30.0, -0.5, 0.5, 30.0, 90.0, 7200.0, 40 * DAY]
)
NAME = st.sampled_from(NAMES)
ACTIONS = st.one_of(
    st.tuples(st.just("speak"), NAME, st.sampled_from(["1", "2", "3"])),
    st.tuples(st.just("announce"), NAME, st.booleans()),
    st.tuples(st.just("wait"), SPANS),
    st.tuples(st.just("disconnected"), st.sampled_from([20.0, 8 * DAY])),
    st.tuples(st.just("suspend"), st.sampled_from([20.0, 7 * DAY])),
    st.tuples(st.just("step"), STEPS),
    st.tuples(st.just("restart"), st.sampled_from([5.0, 8 * DAY]), STEPS, st.booleans()),
)


@dataclass
class World:
    """A bridge over its runs, and what is true about its chargers."""

    bench: Bench = field(default_factory=lambda: Bench(RULES))
    silent: dict[str, float] = field(default_factory=dict)
    """How long the bridge listened since the charger was last heard or announced live."""
    last: dict[bytes, int] = field(default_factory=dict)
    wh: int = 1000

    def __post_init__(self) -> None:
        self.steps = ClockSteps(self.bench.now)

    def speak(self, name: str, state: str) -> None:
        self.wh += 10
        base = f"charger/{name}"
        self.bench.hear(
            (f"{base}/state", state), (f"{base}/amp", "16"), (f"{base}/wh", str(self.wh))
        )
        if name in self.silent:
            self.silent[name] = 0.0
        self.wait(0.5)

    def announce(self, name: str, retained: bool) -> None:
        topic = f"openevse/announce/{name}"
        self.bench.announce(name, f"charger/{name}", topic=topic, retained=retained)
        if not retained or name not in self.silent:
            self.silent[name] = 0.0
        self.wait(0.5)

    def wait(self, seconds: float) -> None:
        self.bench.wait(seconds)
        if self.bench.hears:
            self.silent = {name: since + seconds for name, since in self.silent.items()}

    def disconnected(self, seconds: float) -> None:
        self.bench.hears = False
        self.wait(seconds)
        self.bench.hears = True

    def suspend(self, seconds: float) -> None:
        self.bench.wall += seconds
        self.bench.steady += seconds
        self.wait(0.5)

    def step(self, seconds: float) -> None:
        self.bench.wall += seconds
        step = self.steps.observe(self.bench.now)
        assert (step is None) == (abs(seconds) <= 60)
        if step is not None:
            self.bench.registry.clock_stepped(step)

    def restart(self, after: float, seconds: float, trusted: bool) -> None:
        old = self.bench
        self.bench = Bench(RULES)
        self.bench.wall, self.bench.steady = old.wall + after + seconds, 5000.0
        self.bench.restore(old.saved(), trusted=trusted, floor_ms=0)
        self.steps = ClockSteps(self.bench.now)
        self.wait(0.5)

    def check(self) -> None:
        bench = self.bench
        self._check_stamps()
        for name, since in self.silent.items():
            known = f'evse_up{{charger="{name}"}}' in bench.metrics()
            # A sweep notes a message up to a second late.
            assert known or since >= RULES.retire_after - 1
            assert not known or since <= RULES.retire_after + 1
        for session in bench.out.sessions:
            assert 0 <= session.charging_s <= session.plugged_s + 0.001
            assert session.end >= session.start
        bench.out.sessions.clear()
        saved = bench.saved()
        assert saved.keys() == self.silent.keys()
        assert all(float(str(body["silent_s"])) >= 0 for body in saved.values())
        assert bench.words.bugs == []

    def _check_stamps(self) -> None:
        bench = self.bench
        for line in bench.out.lines:
            series, stamp = line.split(b" ", 1)[0].split(b",kind=")[0], int(line.rsplit(b" ", 1)[1])
            last = self.last.get(series, 0)
            assert stamp > last or last - stamp > 60_000
            assert series.startswith(b"evse_charge") or stamp <= bench.wall * 1000 + 60_050
            self.last[series] = stamp
        bench.out.lines.clear()
        bench.out.readings.clear()


@settings(max_examples=150, deadline=None)
@given(st.lists(ACTIONS, max_size=40))
def test_whatever_time_does_stamps_increase_and_nobody_heard_retires(
    actions: list[tuple[object, ...]],
) -> None:
    world = World()
    for name in NAMES:
        world.announce(name, retained=False)
    for action, *values in actions:
        getattr(world, str(action))(*values)
        world.check()
