"""The servers that the other tests rest on do what those tests take for granted."""

import socket
import urllib.request
from pathlib import Path

import pytest
import trustme

from tests.kit.servers import (
    Mosquitto,
    Prometheus,
    Tls,
    VictoriaMetrics,
    find_program,
    free_port,
    promtool_check_metrics,
)
from tests.kit.support import Heard, Publisher, Subscriber, eventually

GOOD = "# HELP a_total Things.\n# TYPE a_total counter\na_total 1\n"


def write(victoria: VictoriaMetrics, lines: str) -> None:
    """Store line protocol."""
    with urllib.request.urlopen(f"{victoria.url}/write", lines.encode(), timeout=5) as answer:
        assert answer.status == 204


def test_a_program_that_is_not_installed_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="no-such-program is not installed"):
        find_program("no-such-program")


def test_a_free_port_can_be_listened_on() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        assert server.getsockname()[0] == "127.0.0.1"


async def test_a_paused_mosquitto_is_silent_until_it_goes_on(mosquitto: Mosquitto) -> None:
    with Subscriber(mosquitto.port, "a") as ears, Publisher(mosquitto.port) as mouth:
        mosquitto.pause()
        mouth.say("a", "1")
        with socket.create_connection(("127.0.0.1", mosquitto.port)) as raw:
            raw.sendall(bytes.fromhex("100d 0004 4d515454 04 02 003c 0001 63"))
            raw.settimeout(0.3)
            with pytest.raises(TimeoutError):
                raw.recv(4)
        assert ears.received == []
        mosquitto.resume()
        await eventually(lambda: ears.received == [Heard("a", "1")])


async def test_a_killed_mosquitto_drops_its_clients(mosquitto: Mosquitto) -> None:
    with Subscriber(mosquitto.port, "a") as ears:
        mosquitto.kill()
        await eventually(ears.lost.is_set)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", mosquitto.port), 1)


def test_a_paused_mosquitto_can_be_stopped(mosquitto: Mosquitto) -> None:
    mosquitto.pause()
    mosquitto.stop()
    assert mosquitto.log.endswith("terminating\n")


async def test_mosquitto_forgets_over_a_restart(mosquitto: Mosquitto) -> None:
    with Publisher(mosquitto.port) as mouth:
        mouth.publish("a/old", "1", retain=True)
    mosquitto.restart()
    with Subscriber(mosquitto.port, "a/#") as ears, Publisher(mosquitto.port) as mouth:
        mouth.publish("a/new", "2")
        await eventually(lambda: ears.payloads("a/new"))
    assert ears.received == [Heard("a/new", "2")]


def test_the_log_spans_restarts(mosquitto: Mosquitto) -> None:
    mosquitto.restart()
    assert mosquitto.log.count("terminating\n") == 1
    assert mosquitto.log.count(" running\n") == 2


async def test_a_wrong_password_is_refused(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, passwords={"bridge": "right"}) as server:
        peer = Publisher(server.port, username="bridge", password="wrong")
        peer.open()
        await eventually(lambda: peer.refused)
        peer.close()
        with Publisher(server.port, username="bridge", password="right") as good:
            good.publish("a", "1")
    assert peer.refused == "Not authorized"


async def test_rules_keep_a_topic_from_its_readers(tmp_path: Path) -> None:
    with (
        Mosquitto(tmp_path, acl="topic write #\ntopic read open/#\n") as server,
        Subscriber(server.port, "#") as ears,
        Publisher(server.port) as mouth,
    ):
        mouth.publish("closed/a", "1")
        mouth.publish("open/a", "2")
        await eventually(lambda: ears.received == [Heard("open/a", "2")])


async def test_mosquitto_speaks_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    cert = authority.issue_cert("127.0.0.1")
    ca_file, tls = tmp_path / "ca.pem", Tls(tmp_path / "cert.pem", tmp_path / "key.pem")
    authority.cert_pem.write_to_path(str(ca_file))
    cert.cert_chain_pems[0].write_to_path(str(tls.cert_file))
    cert.private_key_pem.write_to_path(str(tls.key_file))
    with Mosquitto(tmp_path, tls=tls) as server:
        assert server.url == f"mqtts://127.0.0.1:{server.port}"
        with Publisher(server.port, ca_file=str(ca_file)) as mouth:
            mouth.publish("a", "1")


def test_settings_that_mosquitto_refuses_fail_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="Unknown configuration variable"):
        Mosquitto(tmp_path, more=["nonsense 1"]).start()


def test_a_port_taken_by_another_is_given_up_for_a_free_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = free_port()
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = iter([other.getsockname()[1], free])
        monkeypatch.setattr("tests.kit.servers.process.free_port", lambda: next(ports))
        with Mosquitto(tmp_path) as server:
            assert server.port == free


def test_victoria_gives_back_what_was_written(victoria: VictoriaMetrics) -> None:
    write(victoria, "evse,charger=a amp=16.2 1790000000001000000\n")
    write(victoria, "evse,charger=a amp=16.3 1790000000002000000\n")
    (series,) = victoria.export('{charger="a"}')
    assert series.labels["charger"] == "a"
    assert series.name == "evse_amp"
    assert series.values == [16.2, 16.3]
    assert series.timestamps == [1790000000001, 1790000000002]


def test_victoria_gives_nothing_for_what_is_not_there(victoria: VictoriaMetrics) -> None:
    assert victoria.export('{charger="a"}') == []


def test_victoria_keeps_its_store_over_a_stop(victoria: VictoriaMetrics) -> None:
    write(victoria, "evse,charger=a amp=1 1790000000000000000\n")
    url = victoria.url
    victoria.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", victoria.port), 1)
    victoria.start()
    assert victoria.url == url
    assert [series.values for series in victoria.export('{charger="a"}')] == [[1.0]]


async def test_prometheus_scrapes_its_targets(tmp_path: Path, victoria: VictoriaMetrics) -> None:
    target = f"127.0.0.1:{victoria.port}"
    with Prometheus(tmp_path, targets=[target]) as server:
        (found,) = await eventually(lambda: server.query("up == 1"))
        assert found.labels["instance"] == target
        assert [result.value for result in server.query("1 + 1")] == [2.0]


def test_promtool_accepts_a_good_exposition() -> None:
    assert promtool_check_metrics(GOOD) == (0, "")


def test_promtool_tells_what_is_bad() -> None:
    code, said = promtool_check_metrics("# TYPE a_total counter\na_total 1\n")
    assert code == 3
    assert said == "a_total no help text\n"


def test_promtool_refuses_what_it_cannot_read() -> None:
    code, said = promtool_check_metrics("a_total{ 1\n")
    assert code == 1
    assert "error while linting" in said


def test_a_connect_to_the_world_outside_is_stopped(outside: list[str]) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
        pytest.raises(BaseException, match=r"a test connects to 192\.0\.2\.1"),
    ):
        sock.connect(("192.0.2.1", 9))
    assert outside == ["192.0.2.1"]
    outside.clear()


async def test_the_wait_for_something_that_never_comes_tells_the_last_value() -> None:
    with pytest.raises(AssertionError, match=r"not within 0\.05 s, last value: 0"):
        await eventually(lambda: 0, seconds=0.05)
