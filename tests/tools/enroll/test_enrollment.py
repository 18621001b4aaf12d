"""What a charger is told of its broker, and which announcement shows that it took it."""

import pytest

from bridge.core.discovery.announcement import Announcement
from bridge.core.model import ChargerId
from bridge.tools.enroll.enrollment import (
    AnnouncementMatch,
    ChargerMqttConfig,
    ExpectedAnnouncement,
)

WISH = ChargerMqttConfig("10.0.0.1", 1883, topic="depot/7", username="seven", password="hush")
AWAITED = ExpectedAnnouncement(
    host="10.0.0.7", host_is_name=False, base="depot/7", announce_topic="announce/7"
)


def announced(base: str | None = "depot/7", http: str | None = "http://10.0.0.7/") -> Announcement:
    return Announcement(ChargerId("a1"), True, "seven", base, http)


def test_a_charger_is_told_in_the_words_of_the_guide() -> None:
    assert WISH.settings() == {
        "mqtt_enabled": True,
        "mqtt_protocol": "mqtt",
        "mqtt_server": "10.0.0.1",
        "mqtt_port": 1883,
        "mqtt_topic": "depot/7",
        "mqtt_user": "seven",
        "mqtt_pass": "hush",
        "mqtt_reject_unauthorized": True,
    }


def test_without_a_user_the_old_login_is_forgotten() -> None:
    config = ChargerMqttConfig("10.0.0.1", 8883, tls=True, announce_topic="announce/7").settings()
    assert (config["mqtt_user"], config["mqtt_pass"]) == ("", "")
    assert (config["mqtt_protocol"], config["mqtt_announce_topic"]) == ("mqtts", "announce/7")
    assert "mqtt_topic" not in config


def test_the_password_does_not_show() -> None:
    assert "hush" not in repr(WISH)


def test_a_setting_that_was_not_taken_is_missing() -> None:
    shown = WISH.settings() | {"mqtt_topic": "charger/old", "mqtt_pass": "_DUMMY_PASSWORD"}
    assert WISH.missing(shown) == ["mqtt_topic"]


def test_a_switch_as_a_number_and_a_number_as_text_are_the_same() -> None:
    shown = {"mqtt_enabled": 1, "mqtt_port": "1883", "mqtt_reject_unauthorized": "true"}
    assert WISH.missing(shown) == []


def test_a_switch_that_is_off_is_missing() -> None:
    assert WISH.missing({"mqtt_enabled": False}) == ["mqtt_enabled"]


@pytest.mark.parametrize(
    ("announcement", "topic", "match"),
    [
        (announced(), "announce/7", AnnouncementMatch.EXPECTED),
        (announced(), "announce/other", AnnouncementMatch.EXPECTED),
        (announced(base="charger/old"), "announce/7", AnnouncementMatch.OTHER_TOPIC),
        (announced(base=None), "announce/7", AnnouncementMatch.OTHER_TOPIC),
        (announced(http="http://172.16.0.7/"), "announce/7", AnnouncementMatch.EXPECTED),
        (announced(http="http://172.16.0.7/"), "announce/other", AnnouncementMatch.OTHER_CHARGER),
        (
            announced(http="http://10.0.0.8/", base="depot/8"),
            "announce/7",
            AnnouncementMatch.OTHER_CHARGER,
        ),
        (announced(http="http:///"), "announce/7", AnnouncementMatch.EXPECTED),
        (announced(http=None, base="depot/8"), "announce/7", AnnouncementMatch.OTHER_TOPIC),
        (announced(http=None, base="depot/8"), "announce/8", AnnouncementMatch.OTHER_CHARGER),
        (announced(http=None), "announce/other", AnnouncementMatch.EXPECTED),
        (Announcement(ChargerId("a1"), False), "announce/7", AnnouncementMatch.OTHER_CHARGER),
    ],
)
def test_the_charger_is_known_by_its_address_then_by_its_topics(
    announcement: Announcement, topic: str, match: AnnouncementMatch
) -> None:
    assert AWAITED.match(announcement, topic) is match


def test_a_base_that_is_not_known_may_be_any() -> None:
    awaited = ExpectedAnnouncement(
        host="10.0.0.7", host_is_name=False, base=None, announce_topic=None
    )
    assert awaited.match(announced(base="any/base"), "announce/x") is AnnouncementMatch.EXPECTED


def test_a_charger_called_by_its_name_is_known_by_its_announce_topic() -> None:
    awaited = ExpectedAnnouncement(
        host="nofos-7.local", host_is_name=True, base="depot/7", announce_topic="announce/7"
    )
    assert awaited.match(announced(), "announce/7") is AnnouncementMatch.EXPECTED
