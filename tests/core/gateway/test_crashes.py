"""Each crash counted once and told once, however its boot and its record come to be known."""

import pytest

from bridge.core.polling.outcome import Page, PollOutcome
from tests.kit.core import Bench, restarted
from tests.kit.desk import Desk


@pytest.fixture
def desk() -> Desk:
    """A charger that is known, has a crash log, and nothing in it."""
    bench = Bench()
    bench.announce()
    desk = Desk(bench)
    desk.answer(boot_count=10, crash_seq=2, reset_reason=1)
    desk.page(Page.CRASHLOG, [])
    desk.wait(300)
    return desk


def counted(desk: Desk) -> tuple[float | None, float | None]:
    """Boots and crashes."""
    desk.bench.wait(0)
    return desk.metric("boots_total"), desk.metric("crashes_total")


def told(desk: Desk) -> list[tuple[str, str]]:
    return [(kind, text) for kind, _, text in desk.bench.events() if kind in {"reboot", "crash"}]


def test_a_record_that_follows_its_boot_is_no_second_crash(desk: Desk) -> None:
    desk.answer(boot_count=11, crash_seq=2, reset_reason=4)
    desk.page(Page.CRASHLOG, [])
    desk.answer(boot_count=11, crash_seq=3, reset_reason=4)
    desk.page(Page.CRASHLOG, [{"seq": 3, "reason": 4}])
    assert counted(desk) == (11, 1)
    assert told(desk) == [("reboot", "panic"), ("crash", "panic")]


def test_a_record_that_follows_its_boot_over_a_restart_is_no_second_crash(desk: Desk) -> None:
    desk.answer(boot_count=11, crash_seq=2, reset_reason=4)
    desk.page(Page.CRASHLOG, [])
    again = Desk(restarted(desk.bench))
    again.answer(boot_count=11, crash_seq=3, reset_reason=4)
    after = Desk(restarted(again.bench))
    after.page(Page.CRASHLOG, [{"seq": 3, "reason": 4}])
    assert counted(after) == (11, 1)
    assert told(again) + told(after) == []


def test_a_boot_that_follows_its_record_is_no_second_crash(desk: Desk) -> None:
    desk.answer(boot_count=10, crash_seq=3, reset_reason=4)
    desk.answer(boot_count=11, crash_seq=3, reset_reason=4)
    desk.page(Page.CRASHLOG, None)
    assert counted(desk) == (11, 1)
    assert told(desk) == [("reboot", "panic"), ("crash", "panic")]


def test_a_boot_that_follows_a_record_which_only_the_log_called_a_crash_is_no_second_one(
    desk: Desk,
) -> None:
    desk.answer(boot_count=10, crash_seq=3, reset_reason=0)
    desk.page(Page.CRASHLOG, [{"seq": 3, "reason": 4}])
    desk.answer(boot_count=11, crash_seq=3, reset_reason=4)
    assert counted(desk) == (11, 1)


def test_the_next_crash_after_one_without_a_record_is_counted(desk: Desk) -> None:
    desk.answer(boot_count=11, crash_seq=2, reset_reason=4)
    desk.answer(boot_count=12, crash_seq=3, reset_reason=4)
    assert counted(desk) == (12, 2)


def test_a_document_that_was_cut_short_after_a_crash_changes_nothing(desk: Desk) -> None:
    desk.answer(crash_seq=3)
    assert desk.wanted() == [Page.CONFIG]
    assert counted(desk) == (10, 0)
    desk.answer(boot_count=11, crash_seq=3, reset_reason=4)
    desk.page(Page.CRASHLOG, [{"seq": 3, "reason": 4}])
    assert counted(desk) == (11, 1)
    assert told(desk) == [("reboot", "panic"), ("crash", "panic seq=3")]


def test_a_crash_whose_record_was_read_before_status_told_of_it_is_one_event(desk: Desk) -> None:
    first, second = {"seq": 3, "reason": 4}, {"seq": 4, "reason": 4}
    desk.answer(boot_count=11, crash_seq=3, reset_reason=4)
    desk.page(Page.CRASHLOG, [first, second])
    desk.answer(boot_count=12, crash_seq=4, reset_reason=4)
    again = Desk(restarted(desk.bench))
    again.page(Page.CRASHLOG, [first, second])
    assert [text for kind, text in told(desk) if kind == "crash"] == ["panic seq=3", "panic seq=4"]
    assert told(again) == []
    again.answer(boot_count=13, crash_seq=4, reset_reason=6)
    again.page(Page.CRASHLOG, [first, second])
    assert told(again) == [("reboot", "task_wdt"), ("crash", "task_wdt")]
    assert counted(again) == (13, 3)


def test_a_firmware_that_tells_no_reason_any_more_goes_on_counting_its_boots(desk: Desk) -> None:
    for _ in range(3):
        desk.answer(boot_count=11, crash_seq=2)
    assert counted(desk) == (11, 0)


def test_two_crashes_before_the_log_is_known_to_be_missing_are_two_events(desk: Desk) -> None:
    desk.answer(boot_count=11, crash_seq=3, reset_reason=4)
    desk.page(Page.CRASHLOG, PollOutcome.TIMEOUT)
    desk.answer(boot_count=12, crash_seq=4, reset_reason=6)
    again = Desk(restarted(desk.bench))
    again.page(Page.CRASHLOG, None)
    assert told(again) == [("crash", "panic"), ("crash", "task_wdt")]
    assert counted(again) == (12, 2)


def test_a_crash_before_a_planned_boot_is_counted_though_another_followed_before_its_record(
    desk: Desk,
) -> None:
    desk.answer(boot_count=12, crash_seq=3, reset_reason=3)
    desk.answer(boot_count=13, crash_seq=4, reset_reason=4)
    desk.page(Page.CRASHLOG, [{"seq": 3, "reason": 4}, {"seq": 4, "reason": 4}])
    assert counted(desk) == (13, 2)
