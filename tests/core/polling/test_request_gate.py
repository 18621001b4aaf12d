"""The gate before every request: one at a time, a gap after it, and little memory."""

from bridge.core.clock import Steady
from bridge.core.model import ChargerId
from bridge.core.polling.request_gate import RequestGate, WebServer

ONE, TWO = ChargerId("one"), ChargerId("two")
THERE = WebServer("10.0.0.5 80")


def at(seconds: float) -> Steady:
    return Steady(1000.0 + seconds)


def test_a_web_server_is_one_chargers_until_it_is_released_as_often_as_reserved() -> None:
    gate = RequestGate(15.0)
    assert gate.reserve(THERE, ONE, at(0))
    assert gate.reserve(THERE, ONE, at(0))
    assert not gate.reserve(THERE, TWO, at(1))
    gate.release(THERE, at(2), used=True)
    assert not gate.reserve(THERE, TWO, at(100))
    gate.release(THERE, at(3), used=False)
    assert gate.free_at(THERE) == at(18)
    assert not gate.reserve(THERE, ONE, at(17.9))
    assert gate.reserve(THERE, TWO, at(18))


def test_where_nothing_was_sent_there_is_no_gap() -> None:
    gate = RequestGate(15.0)
    gate.reserve(THERE, ONE, at(0))
    gate.release(THERE, at(1), used=False)
    assert gate.reserve(THERE, TWO, at(1))


def test_another_port_is_another_web_server() -> None:
    gate = RequestGate(15.0)
    gate.reserve(THERE, ONE, at(0))
    assert gate.reserve(WebServer("10.0.0.5 443"), TWO, at(0))


def test_memory_holds_only_the_requests_of_one_gap() -> None:
    gate = RequestGate(15.0)
    for number in range(10_000):
        server = WebServer(f"host{number} 80")
        assert gate.reserve(server, ONE, at(number))
        gate.release(server, at(number), used=True)
    assert len(gate._ended) <= 16
    assert gate._holds == {}
