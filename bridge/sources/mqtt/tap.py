"""The socket of a connection to a broker: read in gulps by us, spoken to by paho.

paho asks of a socket no more than `recv send close fileno setblocking pending`, so a `Tap`
can stand in its place and hand it single frames. Its `_create_socket` is the only private
part of paho that this rests on.
"""

import socket
import ssl

GULP = 256 * 1024


class Tap:
    """One connection; `fill` is for the reader, all else for paho."""

    __slots__ = ("_buffer", "_frames", "_sock", "_view")

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = bytearray(GULP)
        self._view = memoryview(self._buffer)
        self._frames = b""

    def fill(self) -> memoryview:
        """What has come, up to a gulp; empty if nothing did.

        The view is good until the next call. Raises EOFError at the end, OSError.
        """
        sock, view, have = self._sock, self._view, 0
        while have < GULP:
            try:
                came = sock.recv_into(view[have:])
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            if not came:
                if have:
                    break
                raise EOFError
            have += came
            if not isinstance(sock, ssl.SSLSocket):
                break
        return view[:have]

    def push(self, frame: bytes) -> None:
        """Let paho read this next."""
        self._frames += frame

    def recv(self, most: int) -> bytes:
        if not self._frames:
            raise BlockingIOError
        given, self._frames = self._frames[:most], self._frames[most:]
        return given

    def send(self, data: bytes | bytearray) -> int:
        return self._sock.send(data)

    def close(self) -> None:
        self._sock.close()

    def fileno(self) -> int:
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        self._sock.setblocking(flag)

    def pending(self) -> int:
        return len(self._frames)
