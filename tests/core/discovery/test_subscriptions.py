"""The subscriptions: everything that is followed is heard, and nothing twice."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.core.discovery.announcement import matches
from bridge.core.discovery.subscriptions import SubscriptionChange, Subscriptions

LEVELS = st.sampled_from(["a", "b", "c", ""])
BASES = st.lists(LEVELS, min_size=1, max_size=4).map("/".join).filter(bool)


def test_an_inner_base_is_heard_by_the_outer_ones_subscription() -> None:
    cover = Subscriptions()
    assert cover.add("a") == SubscriptionChange(("a/#",))
    assert cover.add("a/b") == SubscriptionChange()
    assert cover.filters() == ["a/#"]


def test_an_outer_base_takes_over_from_the_inner_ones() -> None:
    cover = Subscriptions()
    cover.add("a/b")
    cover.add("a/c/d")
    assert cover.add("a") == SubscriptionChange(("a/#",), ("a/b/#", "a/c/d/#"))


def test_inner_bases_are_subscribed_again_when_the_outer_one_goes() -> None:
    cover = Subscriptions()
    for base in ("a", "a/b", "a/b/c", "x"):
        cover.add(base)
    assert cover.remove("a") == SubscriptionChange(("a/b/#",), ("a/#",))
    assert cover.filters() == ["a/b/#", "x/#"]


def test_a_neighbour_whose_name_begins_the_same_is_not_inside() -> None:
    cover = Subscriptions()
    cover.add("charger/1")
    assert cover.add("charger/12") == SubscriptionChange(("charger/12/#",))


def test_adding_twice_and_removing_the_unknown_change_nothing() -> None:
    cover = Subscriptions()
    cover.add("a")
    assert cover.add("a") == SubscriptionChange()
    assert cover.remove("b") == SubscriptionChange()


@given(st.lists(st.tuples(st.booleans(), BASES), max_size=30))
def test_any_history_leaves_the_smallest_covering_set(steps: list[tuple[bool, str]]) -> None:
    cover, bases, subscribed = Subscriptions(), set[str](), set[str]()
    for adds, base in steps:
        change = cover.add(base) if adds else cover.remove(base)
        (bases.add if adds else bases.discard)(base)
        assert subscribed.isdisjoint(change.subscribe)
        assert subscribed.issuperset(change.unsubscribe)
        subscribed |= set(change.subscribe)
        subscribed -= set(change.unsubscribe)
    assert subscribed == set(cover.filters())
    for base in bases:
        assert sum(matches(each, f"{base}/amp") for each in subscribed) == 1
    assert subscribed <= {f"{base}/#" for base in bases}
