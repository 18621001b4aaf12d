"""The settings for special brokers: prefix, subscriptions, wildcard."""

import pytest

from bridge.core.discovery.subscriptions import SubscriptionMode
from tests.kit.settings import given, problem


def test_without_them_there_is_no_prefix_and_each_charger_has_its_subscription() -> None:
    mqtt = given().mqtt
    assert (mqtt.prefix, mqtt.subscriptions, mqtt.wildcard) == (None, SubscriptionMode.EACH, None)


@pytest.mark.parametrize(
    ("text", "prefix"), [("+", "+"), ("north", "north"), ("a/b/", "a/b"), ("", None)]
)
def test_a_prefix_is_a_text_or_a_plus(text: str, prefix: str | None) -> None:
    assert given(MQTT__PREFIX=text, MQTT__ANNOUNCE_TOPICS="+/+/+/+").mqtt.prefix == prefix


@pytest.mark.parametrize("text", ["#", "a/+", "$SYS", "/a", "a\nb", "/", "x" * 201])
def test_anything_else_is_no_prefix(text: str) -> None:
    found = problem(MQTT__PREFIX=text, MQTT__ANNOUNCE_TOPICS="+/+/+/+")
    assert found.name == "mqtt.prefix"
    assert "site1, or +" in found.remedy


def test_a_prefix_that_no_announce_topic_has_is_a_mistake() -> None:
    found = problem(MQTT__PREFIX="north")
    assert (found.name, found.wrong) == (
        "mqtt.prefix",
        "no topic of mqtt.announce_topics begins with north/",
    )
    assert found.remedy == "add north/openevse/announce/+ to mqtt.announce_topics"


def test_a_wildcard_may_be_all() -> None:
    mqtt = given(MQTT__SUBSCRIPTIONS="wildcard", MQTT__WILDCARD="#").mqtt
    assert (mqtt.subscriptions, mqtt.wildcard) == (SubscriptionMode.WILDCARD, "#")


def test_the_two_settings_need_each_other() -> None:
    assert problem(MQTT__SUBSCRIPTIONS="wildcard").name == "mqtt.wildcard"
    assert problem(MQTT__WILDCARD="charger/#").wrong == "it is set, but mqtt.subscriptions is each"


def test_a_bad_wildcard_and_a_bad_mode_are_named() -> None:
    assert problem(MQTT__WILDCARD="a#", MQTT__SUBSCRIPTIONS="wildcard").name == "mqtt.wildcard"
    found = problem(MQTT__SUBSCRIPTIONS="wild")
    assert "did you mean wildcard?" in found.remedy
