"""Broker bridges that put a prefix before all topics."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.discovery.prefix import bases_below, may_be_below, with_prefix
from tests.kit.core import Bench

TOPICS = ("+/openevse/announce/+",)


def two_sites(prefix: str | None) -> Bench:
    """Two sites whose chargers have the same name and base, each behind its bridge."""
    bench = Bench(announce_topics=TOPICS, prefix=prefix)
    for site, charger in (("north", "id1"), ("south", "id2")):
        bench.announce(charger, "charger/one", topic=f"{site}/openevse/announce/c123")
    return bench


def test_two_sites_behind_bridges_are_told_apart_by_the_first_level() -> None:
    bench = two_sites("+")
    bench.hear(("north/charger/one/amp", "7"), ("south/charger/one/amp", "9"))
    metrics = bench.metrics()
    amperes = [
        metrics[f'evse_current_amperes{{charger="{each}",phase="1"}}'] for each in ("id1", "id2")
    ]
    assert amperes == [7, 9]
    assert [metrics[f'evse_duplicate{{charger="{each}"}}'] for each in ("id1", "id2")] == [0, 0]
    assert bench.ears.filters == {"north/charger/one/#", "south/charger/one/#"}


def test_a_text_goes_before_what_was_announced_below_it_and_before_nothing_else() -> None:
    bench = Bench(announce_topics=(*TOPICS, "openevse/announce/+"), prefix="north")
    bench.announce("id1", "charger/one", topic="north/openevse/announce/a")
    bench.announce("id2", "charger/two", topic="openevse/announce/b")
    assert bench.ears.filters == {"north/charger/one/#", "charger/two/#"}


@pytest.mark.parametrize(
    ("base", "prefix", "topic", "found"),
    [
        ("a", None, "x/announce", "a"),
        ("a", "+", "x/announce", "x/a"),
        ("x/a", "+", "x/announce", "x/a"),
        ("xa", "+", "x/announce", "x/xa"),
        ("x/a", "x", "x/y/announce", "x/a"),
        ("a", "x/y", "x/y/announce", "x/y/a"),
        ("/a", "x", "x//announce", "x//a"),
        ("a", "+", "announce", "a"),
    ],
)
def test_the_base_as_our_broker_has_it(
    base: str, prefix: str | None, topic: str, found: str
) -> None:
    assert with_prefix(base, prefix, topic) == found


LEVELS = st.lists(st.sampled_from(["a", "b", "charger"]), min_size=1, max_size=4).map("/".join)


@given(LEVELS, LEVELS, st.one_of(st.none(), st.just("+"), LEVELS))
def test_a_prefix_is_added_once(base: str, topic: str, prefix: str | None) -> None:
    once = with_prefix(base, prefix, topic)
    assert with_prefix(once, prefix, topic) == once
    assert once == base or once.endswith(f"/{base}")


def test_a_base_that_is_too_long_with_its_prefix_is_refused() -> None:
    bench = Bench(announce_topics=TOPICS, prefix="+")
    bench.announce(base="c" * 250, topic="north-site/openevse/announce/c123")
    assert bench.ears.labels == ["bad_base"]


def test_the_setting_is_named_once_where_a_silent_base_is_heard_below_the_topics_levels() -> None:
    bench = two_sites(None)
    bench.hear(("north/charger/one/amp", "7"))
    assert bench.ears.below_prefix == []
    probing(bench, 80)
    assert "north/charger/one/#" in bench.ears.filters
    bench.hear(("south/charger/one/amp", "7"), ("north/charger/one/amp", "7"))
    assert bench.ears.below_prefix == [("id2", "charger/one", "south/charger/one")]
    probing(bench, 200)
    bench.hear(("south/charger/one/amp", "7"))
    assert len(bench.ears.below_prefix) == 1
    assert bench.ears.filters == {"charger/one/#"}
    assert bench.metrics()['evse_up{charger="id2"}'] == 0


def test_a_charger_that_is_only_silent_is_looked_for_for_a_minute() -> None:
    bench = two_sites(None)
    probing(bench, 80)
    assert len(bench.ears.filters) > 1
    probing(bench, 70)
    assert bench.ears.filters == {"charger/one/#"}
    probing(bench, 300)
    assert bench.ears.below_prefix == []


def test_a_charger_that_was_heard_is_not_looked_for_elsewhere() -> None:
    bench = Bench()
    bench.announce()
    bench.hear(("charger/one/amp", "7"))
    probing(bench, 200)
    assert bench.ears.filters == {"charger/one/#"}


def test_where_a_base_may_be() -> None:
    assert list(bases_below("a/b/c", "x")) == ["a/x", "a/b/x"]
    assert list(bases_below("a/b/c", "a/x")) == ["a/b/a/x"]
    assert list(bases_below("c", "x")) == []


@pytest.mark.parametrize(
    ("topic_filter", "prefix", "may"),
    [
        ("openevse/announce/+", None, True), ("openevse/announce/+", "+", True),
        ("openevse/announce/+", "site1", False), ("+/announce/+", "site1", True),
        ("site1/#", "site1", True), ("site1", "site1", False), ("site1/a/+", "site1/b", False),
        ("#", "site1/b", True), ("site1/+", "site1/b", False),
    ],
)  # fmt: skip
def test_whether_a_filter_may_match_below_a_prefix(
    topic_filter: str, prefix: str | None, may: bool
) -> None:
    assert may_be_below(topic_filter, prefix) is may


def probing(bench: Bench, seconds: int) -> None:
    for _ in range(seconds):
        bench.wait(1)
        bench.prefix_probe.sweep(bench.now)
