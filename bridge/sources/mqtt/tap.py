"""The socket of a connection to a broker: the bridge reads it in chunks, paho writes to it.

paho uses no more of a socket than `recv send close fileno setblocking pending`, so a `Tap`
can replace it and pass it single frames. `_create_socket` is the only private part of paho
that this depends on.
"""

import socket
import ssl

CHUNK_BYTES = 256 * 1024


class Tap:
    """One connection; `fill` and `push` are for the reader, the others for paho."""

    __slots__ = ("_buffer", "_frames", "_sock", "_view")

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = bytearray(CHUNK_BYTES)
        self._view = memoryview(self._buffer)
        self._frames = b""

    def fill(self) -> memoryview:
        """What has arrived, up to a chunk; empty for nothing.

        The view is valid until the next call. Raises EOFError at the end, OSError.
        """
        sock, view, have = self._sock, self._view, 0
        while have < CHUNK_BYTES:
            try:
                received = sock.recv_into(view[have:])
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            if not received:
                if have:
                    break
                raise EOFError
            have += received
            if not isinstance(sock, ssl.SSLSocket):
                break
        return view[:have]

    def push(self, frame: bytes) -> None:
        """Queue a frame for paho to read."""
        self._frames += frame

    def recv(self, most: int) -> bytes:
        if not self._frames:
            raise BlockingIOError
        frame, self._frames = self._frames[:most], self._frames[most:]
        return frame

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
