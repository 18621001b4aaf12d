"""HTTP requests whose reply is bounded: whatever answers in a store's place costs little."""

import contextlib
import socket
from collections.abc import Mapping
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

MOST_BYTES = 65_536
"""Of a reply's body; a store's replies to a write are shorter."""


class BoundedReply:
    """A reply with the first 64 KB of its body as they were sent, never unpacked."""

    def __init__(self, reply: urllib3.BaseHTTPResponse) -> None:
        self.status = reply.status
        self.reason = reply.reason
        self.headers: Mapping[str, str] = reply.headers
        body, whole = b"", False
        try:
            body = reply.read(MOST_BYTES + 1, decode_content=False)
            whole = len(body) <= MOST_BYTES
        finally:
            # What was not read would be taken for the next reply.
            if whole:
                reply.release_conn()
            else:
                reply.close()
        if not whole:
            # A character that was cut in two is left out.
            body = body[:MOST_BYTES].decode(errors="ignore").encode()
        packed = self.headers.get("Content-Encoding", "identity") != "identity"
        self.data = b"" if packed else body


class BoundedPool:
    """Stands in for the pool manager of one InfluxDB client."""

    def __init__(self, manager: urllib3.PoolManager) -> None:
        self._manager = manager
        self._sockets: list[socket.socket] = []
        manager.pool_classes_by_scheme = self._pool_classes()

    def request(self, method: str, url: str, **more: Any) -> BoundedReply:
        """As `PoolManager.request`, without unpacking."""
        more |= {"preload_content": False, "decode_content": False}
        return BoundedReply(self._manager.request(method, url, **more))

    def clear(self) -> None:
        """Close the connections that are idle."""
        self._manager.clear()

    def abort(self) -> None:
        """End all connections, also one that another thread waits for."""
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _pool_classes(self) -> dict[str, type[HTTPConnectionPool]]:
        """Pools whose sockets are known as soon as they are open."""

        def opened(connection: HTTPConnection) -> None:
            # Not the connection: a reply without a length takes the socket over.
            still_open = [each for each in self._sockets if each.fileno() >= 0]
            self._sockets = [*still_open, connection.sock]

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                opened(self)

        class Secured(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                opened(self)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecuredPool(HTTPSConnectionPool):
            ConnectionCls = Secured

        return {"http": PlainPool, "https": SecuredPool}
