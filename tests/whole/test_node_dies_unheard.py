"""A shard dies, and when it is back the broker is gone: polls alone tell what was charged.

As in test_node_dies, the chargers live four times as fast as the bridge thinks.
"""

import time
from collections.abc import Mapping

import pytest

from bridge.core.discovery.shard import shard_of
from bridge.core.model import ChargerId
from tests.kit.support import eventually
from tests.whole.test_node_dies import (
    DOCUMENT_WH,
    GAP_SECONDS,
    SHARDS,
    VICTIM,
    Depot,
    Truth,
    depot,
    truths,
)

__all__ = ["depot"]
ROUNDED_WH = 1.0
"""A charger tells whole ones."""


def mine(truth: Mapping[str, Truth]) -> dict[str, Truth]:
    """The chargers of the shard that dies."""
    return {
        charger: each
        for charger, each in truth.items()
        if shard_of(ChargerId(charger), SHARDS) == VICTIM
    }


@pytest.mark.timeout(180)
async def test_with_the_broker_gone_polls_alone_give_back_what_was_charged(depot: Depot) -> None:
    depot.simulate()
    victim = depot.start(VICTIM)
    await eventually(victim.started, 30)

    def known() -> bool:
        if not depot.ledger.exists():
            return False
        chargers = mine(truths(depot.ledger))
        return len(depot.energies(VICTIM)) == len(chargers) > 0

    await eventually(known, 60, every=0.3)
    polled = 'evse_bridge_polls_total{outcome="ok"}'
    await eventually(lambda: victim.metrics()[polled] >= len(depot.energies(VICTIM)), 60, every=0.3)
    before = depot.energies(VICTIM)
    killed = depot.shards.pop(VICTIM).kill()
    depot.broker.stop()
    await eventually(lambda: time.time() >= killed + GAP_SECONDS, 2 * GAP_SECONDS, every=0.5)

    restarted = time.time()
    again = depot.start(VICTIM)
    await eventually(again.started, 30)

    def all_polled() -> bool:
        metrics = again.metrics()
        series = ('evse_last_poll_timestamp_seconds{charger="' + name + '"}' for name in before)
        return all(metrics.get(name, 0) > restarted for name in series)

    def caught_up() -> bool:
        """A total is shown once its point is journaled, a moment after the poll."""
        truth, shown = mine(truths(depot.ledger)), depot.energies(VICTIM)
        return all(shown[each] >= truth[each].at(restarted) - DOCUMENT_WH for each in before)

    await eventually(all_polled, 60, every=0.3)
    await eventually(caught_up, 30, every=0.3)
    told, at = depot.energies(VICTIM), time.time()
    assert again.metrics()["evse_bridge_mqtt_connected"] == 0
    assert told.keys() == before.keys()
    truth = await told_until(depot, at)
    for charger, wh in told.items():
        least, most = truth[charger].at(restarted), truth[charger].after(at)
        assert least - DOCUMENT_WH <= wh <= most + ROUNDED_WH, charger
    in_the_gap = [truth[charger].charged(killed, restarted) for charger in told]
    assert max(in_the_gap) > DOCUMENT_WH


async def told_until(depot: Depot, moment: float) -> dict[str, Truth]:
    """What the ledger has of the victim's chargers, once each meter was read after this moment."""

    def read() -> dict[str, Truth]:
        found = mine(truths(depot.ledger))
        return found if all(each.meter[-1][0] > moment for each in found.values()) else {}

    return await eventually(read, 30, every=0.3)
