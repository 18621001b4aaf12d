"""Addresses of broker and stores, places to listen and networks are read, or refused."""

from ipaddress import ip_network

import pytest

from bridge.settings import ListenAddress, MqttUrl, load
from tests.kit.settings import given, problem


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("mqtt://broker", MqttUrl("broker", 1883, tls=False)),
        ("mqtts://broker", MqttUrl("broker", 8883, tls=True)),
        ("mqtt://broker:1884/", MqttUrl("broker", 1884, tls=False)),
        ("MQTT://10.0.0.5:1883", MqttUrl("10.0.0.5", 1883, tls=False)),
        ("mqtts://[fd00::1]:8884", MqttUrl("fd00::1", 8884, tls=True)),
        ("mqtt://my_broker.local", MqttUrl("my_broker.local", 1883, tls=False)),
    ],
)
def test_a_broker_is_read(text: str, meant: MqttUrl) -> None:
    assert given(MQTT__URL=text).mqtt.url == meant


def test_a_broker_is_shown_as_a_url() -> None:
    assert str(MqttUrl("fd00::1", 8883, tls=True)) == "mqtts://[fd00::1]:8883"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "broker",
        "broker:1883",
        "http://broker",
        "tcp://broker:1883",
        "mqtt:broker",
        "mqtt://",
        "mqtt://:1883",
        "mqtt://b:0",
        "mqtt://b:99999",
        "mqtt://b:x",
        "mqtt://b/topic",
        "mqtt://b?x",
        "mqtt://[::1",
        "mqtt://[nonsense]",
        "mqtt://a b",
        "mqtt://a\nb",
        "mqtt://-",
        "mqtt://ü",
    ],
)
def test_what_is_no_broker_is_refused(text: str) -> None:
    assert problem(MQTT__URL=text).name == "mqtt.url"


@pytest.mark.parametrize(
    "text",
    [
        "mqtt://me:hunter2@broker",
        "mqtt://me@broker",
        "mqtt://:hunter2@broker",
        "mqtts://me:hun/ter2@broker",
        "mqtt://me:h#hunter2@broker",
        "mqtt://me:p?hunter2@broker",
    ],
)
def test_a_login_in_the_url_is_refused_with_the_remedy(text: str) -> None:
    only = problem(MQTT__URL=text)
    assert only.remedy == "use mqtt.username and mqtt.password instead"
    assert "hunter2" not in f"{only}"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("http://influx:8086", "http://influx:8086"),
        ("https://eu.example.com/", "https://eu.example.com"),
        ("http://proxy/influx/", "http://proxy/influx"),
        ("http://[::1]:8428", "http://[::1]:8428"),
    ],
)
def test_a_store_is_read(text: str, meant: str) -> None:
    assert given(INFLUX__URL=text, INFLUX__BUCKET="b").influx.url == meant


@pytest.mark.parametrize(
    "text",
    [
        "influx",
        "ftp://influx",
        "http://",
        "http://u:hunter2@influx",
        "http://i:0",
        "http://i?token=hunter2",
        "http://i#hunter2",
        "http://[x",
    ],
)
def test_what_is_no_store_is_refused(text: str) -> None:
    only = problem(INFLUX__URL=text, INFLUX__BUCKET="b")
    assert only.name == "influx.url"
    assert "hunter2" not in f"{only}"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0.0.0.0:9876", ListenAddress("0.0.0.0", 9876)),
        ("[::]:9876", ListenAddress("::", 9876)),
        ("localhost:0", ListenAddress("localhost", 0)),
        ("127.0.0.1:80", ListenAddress("127.0.0.1", 80)),
    ],
)
def test_where_to_listen_is_read(text: str, meant: ListenAddress) -> None:
    settings = given(WEB__LISTEN=text)
    assert settings.web.listen == meant
    assert str(settings.web.listen) == text


@pytest.mark.parametrize(
    "text",
    ["", "9876", ":9876", "host", "host:", "host:99999", "::1:80", "[::1]", "[x]:80", "a b:1"],
)
def test_what_is_no_place_to_listen_is_refused(text: str) -> None:
    assert problem(WEB__LISTEN=text).name == "web.listen"


def test_networks_are_read() -> None:
    allow = given(HTTP__ALLOW="10.1.0.0/16, 192.168.1.7,fd00::/8").http.allow
    assert allow == (
        ip_network("10.1.0.0/16"),
        ip_network("192.168.1.7/32"),
        ip_network("fd00::/8"),
    )


def test_the_default_networks_are_the_private_ones() -> None:
    assert [str(network) for network in load(None, {}).http.allow] == [
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "fc00::/7",
    ]


def test_whether_the_networks_were_set_is_known() -> None:
    assert not load(None, {}).http.allow_was_set
    assert not given(HTTP__TIMEOUT="5s").http.allow_was_set
    default = ",".join(map(str, load(None, {}).http.allow))
    assert given(HTTP__ALLOW=default).http.allow_was_set


def test_a_network_with_host_bits_is_refused_with_the_one_meant() -> None:
    assert problem(HTTP__ALLOW="10.0.0.5/8").remedy == "did you mean 10.0.0.0/8?"
