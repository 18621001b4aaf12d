"""What an earlier run saved of a charger, and another version or a hand spoiled."""

import copy
import json

import pytest

from bridge.core.model import SavedState
from bridge.core.polling.outcome import Page, PollOutcome
from tests.kit.core import Bench
from tests.kit.desk import ONE, Desk

NOTHING: list[object] = [
    None, True, -1, 1.5, float("inf"), float("-inf"), float("nan"), 10**400, 1e300, "", "x",
    "\ud800", [], [1], {}, {"a": 1}, {"4": 1e999}, {"99": 1}, {"gfci_trips": "x"},
    *([part] * n for part in (None, "a", float("nan"), float("inf"), 10**400) for n in (3, 4)),
]  # fmt: skip


def lived() -> dict[str, object]:
    """What is saved of a charger in the middle of a session, after a fault and a crash."""
    bench = Bench()
    bench.announce()
    desk = Desk(bench)
    desk.page(Page.CONFIG, {"version": "1", "service": 1, "diodet": 1})
    desk.page(Page.CRASHLOG, [{"seq": 1, "reason": 4}])
    counts = {"gfcicount": 1, "nogndcount": 0, "stuckcount": 3, "wattsec": 0, "elapsed": 0}
    desk.answer(PollOutcome.OK, **counts, boot_count=10, crash_seq=2, reset_reason=1, state=6)
    desk.wait(30)
    desk.answer(PollOutcome.OK, **counts, boot_count=11, crash_seq=3, reset_reason=4, state=3)
    return dict(bench.saved()[ONE])


LIVED = lived()


def live_on(desk: Desk) -> None:
    """A session's end and the begin of another, a crash, a poll that fails."""
    desk.bench.announce()
    desk.speak(1, state="3")
    desk.answer(boot_count=12, crash_seq=4, reset_reason=4, gfcicount=2, elapsed=5, wattsec=3600)
    desk.page(Page.CRASHLOG, [{"seq": 4, "reason": 4}])
    desk.answer(PollOutcome.TIMEOUT)
    desk.speak(20, state="1")
    desk.speak(100, state="1", wh="5010")
    desk.speak(1, state="3")


@pytest.mark.parametrize("member", [*LIVED, ("session", "start"), ("session", "plugged_s")])
def test_whatever_stands_in_a_saved_member_the_charger_lives_on(member: str | list[str]) -> None:
    for nothing in NOTHING:
        body = copy.deepcopy(LIVED)
        match member:
            case str():
                body[member] = nothing
            case outer, inner:
                body[outer] = {**body[outer], inner: nothing}  # type: ignore[dict-item]
        bench = Bench()
        read: dict[str, SavedState] = {ONE: json.loads(json.dumps(body))}
        bench.restore(read, trusted=True, floor_ms=0)
        # One that is saved as retired has no series until it is announced.
        assert bench.metrics().get('evse_up{charger="abc123"}', 0) in (0, 1)
        live_on(Desk(bench))
        metrics = bench.metrics()
        assert bench.words.bugs == []
        assert metrics['evse_up{charger="abc123"}'] == 1
        assert all(abs(value) < 1e16 for value in metrics.values())
        assert not any(b"nan" in line or b"=inf" in line for line in bench.out.lines)


def test_a_member_that_cannot_be_used_is_told_and_takes_no_other_along() -> None:
    bench = Bench()
    body = {**copy.deepcopy(LIVED), "stamps": [float("inf")] * 3}
    bench.restore({str(ONE): body}, trusted=True, floor_ms=0)
    assert bench.ears.unreadable == [ONE]
    assert bench.metrics()['evse_boots_total{charger="abc123"}'] == 11
    assert bench.metrics()['evse_crashes_total{charger="abc123"}'] == 1
