"""Moves bytes between a paho client and its socket, driven by the event loop."""

import asyncio
import socket
import ssl
from typing import Any

from paho.mqtt.client import Client


class Pump:
    """Only for the event loop's own thread."""

    def __init__(self, client: Client, loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._loop = loop
        # paho's type for it does not say that it has a file number.
        self._socket: Any = None
        self._reading = False

    def start(self) -> bool:
        """Watch a client that has dialled; False when it has no socket any more."""
        self._client.on_socket_close = self._closing
        self._socket = self._client.socket()
        if self._socket is None:
            return False
        # Without it Nagle's algorithm holds each message back for up to 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop.add_reader(self._socket, self._read)
        self.flush()
        return True

    def stop(self) -> None:
        """Watch no longer."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket = None

    def cut(self) -> None:
        """Close the socket without a word to the broker."""
        self.stop()
        if (sock := self._client.socket()) is not None:
            sock.close()

    def flush(self) -> None:
        """Write what paho could not write at once (inside a callback, or a full socket)."""
        if self._reading:
            # Inside a callback paho's lock is held: writing now would wait for ever.
            return
        if self._socket is not None and self._client.want_write():
            self._client.loop_write()
        if self._socket is None:
            return
        if self._client.want_write():
            self._loop.add_writer(self._socket, self.flush)
        else:
            self._loop.remove_writer(self._socket)

    def _read(self) -> None:
        self._reading = True
        self._client.loop_read()
        # TLS may hold decrypted packets that the socket no longer announces.
        while isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            self._client.loop_read()
        self._reading = False
        self.flush()

    def _closing(self, _client: Client, _userdata: Any, _sock: Any) -> None:
        self.stop()
