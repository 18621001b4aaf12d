"""The broker of compose has a queue that is long enough for a large fleet's announcements."""

import contextlib
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.frames import PINGREQ, PINGRESP, connect, publish
from tests.deploy.parts import DEPLOY
from tests.kit.servers import Mosquitto

CHARGERS = 60_000
MARK = b'"state":"connected"'
TOPICS = b"openevse/announce/+"
SUBSCRIBE = b"\x82" + bytes([len(TOPICS) + 5]) + b"\0\1\0" + bytes([len(TOPICS)]) + TOPICS + b"\0"
RECEIVE_BYTES = 65_536
QUIET_SECONDS = 3.0
"""After it nothing more comes."""
CONF = (DEPLOY / "compose" / "mosquitto.conf").read_text(encoding="utf-8").splitlines()
QUEUE = [line for line in CONF if line.startswith("max_")]


def announced(number: int) -> bytes:
    name = f"a1b2c3{number:06d}"
    received = (
        f'{{"state":"connected","id":"{name}","name":"nofos-{number:06d}",'
        f'"mqtt":"charger/{name}","http":"http://10.1.2.3/"}}'
    )
    return publish(f"openevse/announce/{name}", received.encode(), retain=True)


def client(broker: Mosquitto, name: str) -> socket.socket:
    """A connection that takes little at a time."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    found.settimeout(10)
    found.connect(("127.0.0.1", broker.port))
    found.sendall(connect(name, 60))
    assert found.recv(4) == b"\x20\x02\0\0"
    return found


def settled(speaker: socket.socket) -> None:
    """The broker has done all that was said to it before."""
    speaker.sendall(PINGREQ)
    assert speaker.recv(2) == PINGRESP


def heard(broker: Mosquitto) -> int:
    """Announcements that reach one who subscribes and begins to read a moment later."""
    with client(broker, "charger") as speaker, client(broker, "bridge") as ears:
        speaker.sendall(b"".join(map(announced, range(CHARGERS))))
        settled(speaker)
        ears.sendall(SUBSCRIBE)
        for _ in range(2):
            settled(speaker)
        ears.settimeout(QUIET_SECONDS)
        received, whole = bytearray(), CHARGERS * len(announced(0))
        with contextlib.suppress(TimeoutError):
            while len(received) < whole:
                received += ears.recv(RECEIVE_BYTES)
        return received.count(MARK)


@pytest.mark.parametrize(("more", "all_of_them"), [(QUEUE, True), ((), False)])
def test_every_announcement_waits_for_a_bridge_that_starts(
    tmp_path: Path, more: Sequence[str], all_of_them: bool
) -> None:
    with Mosquitto(tmp_path, more=["max_queued_messages 1000", *more]) as broker:
        assert (heard(broker) == CHARGERS) is all_of_them
