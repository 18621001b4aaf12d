"""A host that was suspended for a week: the steady clock counted it, the bridge heard nothing."""

import pytest

from bridge.core.clock import Steady
from bridge.core.discovery.config import FleetConfig
from bridge.core.discovery.silence import ListeningTime
from bridge.core.polling.lanes import Lane
from bridge.core.polling.schedule import Mode, PollConfig
from tests.core.polling.test_schedule import ONE, Turned, dark, fleet
from tests.kit.core import Bench

WEEK = 7 * 86_400.0
POWER = 'evse_power_watts{charger="abc123"}'
UP = 'evse_up{charger="abc123"}'


class Suspended(Bench):
    """A bench that ticks, and whose host can be suspended."""

    def __init__(self, config: FleetConfig) -> None:
        super().__init__(config)
        self.listening = ListeningTime()

    def tick(self, seconds: float) -> None:
        """Run for a while, awake."""
        for _ in range(int(seconds)):
            self.listening.observe(self.hears, self.now.steady)
            self.wait(1.0)
            self.listened = self.listening.seconds

    def suspend(self, seconds: float) -> None:
        """Nothing runs, both clocks go on."""
        self.wall += seconds
        self.steady += seconds


def charging(config: FleetConfig | None = None) -> Suspended:
    bench = Suspended(config or FleetConfig())
    bench.announce()
    say(bench, "1", 1000)
    bench.tick(20)
    say(bench, "3", 1000)
    bench.tick(20)
    return bench


def say(bench: Bench, state: str, wh: int) -> None:
    bench.hear(
        ("charger/one/amp", "16"), ("charger/one/voltage", "230"), ("charger/one/wh", str(wh)),
        ("charger/one/state", state),
    )  # fmt: skip


@pytest.mark.parametrize("retire_after", [30.0, 7 * 86_400.0])
def test_nobody_retires_and_all_is_stale_at_once(retire_after: float) -> None:
    bench = charging(FleetConfig(retire_after=retire_after))
    bench.suspend(WEEK)
    bench.tick(1)
    metrics = bench.metrics()
    assert (bench.ears.gone, metrics[UP], metrics.get(POWER)) == ([], 0, None)
    say(bench, "3", 1000)
    bench.tick(1)
    metrics = bench.metrics()
    assert (metrics[UP], metrics[POWER]) == (1, 3680)


def test_an_open_session_spans_the_suspension_and_is_never_negative() -> None:
    bench = charging()
    began = bench.wall - 20
    bench.suspend(WEEK)
    bench.tick(1)
    say(bench, "3", 9000)
    bench.tick(10)
    say(bench, "1", 9000)
    bench.tick(70)
    (session,) = bench.out.sessions
    assert session.start == pytest.approx(began, abs=2)
    assert session.end - session.start == pytest.approx(WEEK + 31, abs=3)
    assert 0 <= session.charging_s <= session.plugged_s
    assert session.plugged_s == pytest.approx(session.end - session.start, abs=1)
    assert session.energy_wh == 8000


def test_polls_go_on_at_once_and_stay_spread_over_the_period() -> None:
    turned = Turned(PollConfig())
    for charger in fleet(300):
        turned.plan.set_mode(charger, Mode.ENRICH, Steady(turned.now))
    turned.after(900)
    turned.now += WEEK
    turned.after(60)
    before = len(turned.asked)
    turned.after(3000)
    assert turned.most[Lane.PROVEN] <= PollConfig().concurrency
    asks = [ask.began for ask in turned.asked[before:]]
    assert len(asks) == pytest.approx(3000, rel=0.05)
    in_a_period = [at for at in asks if at <= asks[0] + 300]
    busiest = max(sum(start <= at < start + 30 for at in asks) for start in in_a_period)
    assert busiest < 100


def test_a_back_off_that_lasted_over_the_suspension_is_over() -> None:
    turned = Turned(PollConfig(), dark)
    turned.plan.set_mode(ONE, Mode.FALLBACK, Steady(turned.now))
    turned.after(3 * 3600)
    turned.now += WEEK
    before = len(turned.asked)
    turned.after(60)
    assert len(turned.asked) - before in (1, 2)
