"""Accepts connections, within a bound: strangers who connect and wait cost little.

asyncio's own listener accepts without a bound, and logs every failure to accept.
"""

import asyncio
import contextlib
import resource
import socket
import ssl
from collections import Counter
from collections.abc import Callable

RESERVED_DESCRIPTORS = 64
"""For files, stores, chargers and the broker."""
MOST_CONNECTIONS = 1000
ACCEPTED_AT_ONCE = 50
HEADER_SECONDS = 10.0
"""How long a client may take to send a request, from its first byte or from connecting."""
RETRY_SECONDS = 1.0
END_OF_HEADER = b"\r\n\r\n"


def most_connections() -> int:
    """Half of the descriptors that the process may open, without the reserve, at most 1,000."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(8, min(MOST_CONNECTIONS, (soft - RESERVED_DESCRIPTORS) // 2))


class Acceptor:
    """Listens on a socket; `refused` counts the connections that were closed at once."""

    def __init__(
        self, factory: Callable[[], asyncio.Protocol], *, tls: ssl.SSLContext | None, most: int
    ) -> None:
        self._factory = factory
        self._tls = tls
        self._most = most
        self._sockets: list[socket.socket] = []
        self._open: set[Connection] = set()
        self._beginning: set[asyncio.Task[None]] = set()
        self.refused = 0

    def listen(self, sockets: list[socket.socket]) -> None:
        """Accept connections on these, until closed."""
        self._sockets = sockets
        for each in sockets:
            self._watch(each)

    def close(self) -> None:
        """Accept no more."""
        loop = asyncio.get_running_loop()
        for each in self._sockets:
            loop.remove_reader(each)
            each.close()
        self._sockets = []
        for task in self._beginning:
            task.cancel()

    def abort(self) -> None:
        """End all connections."""
        for connection in list(self._open):
            connection.abort()

    def _watch(self, listener: socket.socket) -> None:
        if listener.fileno() >= 0:
            asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                sock, address = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                # No descriptors or no memory: those who wait are accepted a little later.
                loop = asyncio.get_running_loop()
                loop.remove_reader(listener)
                loop.call_later(RETRY_SECONDS, self._watch, listener)
                return
            if len(self._open) + len(self._beginning) >= self._most:
                self.refused += 1
                if not self._make_room(str(address[0])):
                    sock.close()
                    continue
            sock.setblocking(False)
            task = asyncio.create_task(self._begin(sock), name="web connection")
            self._beginning.add(task)
            task.add_done_callback(self._beginning.discard)

    def _make_room(self, newcomer: str) -> bool:
        """End the oldest idle connection of the address that has most; False where that is the
        newcomer's, or where all are busy."""
        idle = [each for each in self._open if each.idle]
        counts = Counter(each.client for each in idle)
        if not counts:
            return False
        most = max(counts, key=counts.__getitem__)
        if counts[most] <= counts[newcomer]:
            return False
        min((each for each in idle if each.client == most), key=lambda each: each.since).abort()
        return True

    async def _begin(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(
                lambda: Connection(self._factory(), self._open), sock, ssl=self._tls,
                ssl_handshake_timeout=HEADER_SECONDS if self._tls else None,
            )  # fmt: skip
        except (OSError, RuntimeError, MemoryError):
            # What a stranger's handshake lacks is no news.
            sock.close()
        except asyncio.CancelledError:
            sock.close()
            raise


class Connection(asyncio.Protocol):
    """Passes a connection on, and ends one that does not complete a request's head in time."""

    def __init__(self, inner: asyncio.Protocol, open_: "set[Connection]") -> None:
        self._inner = inner
        self._open = open_
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tail = b""
        self._begun = False
        """Whether a request's head has begun, and is not complete."""
        self.client = ""
        self.since = asyncio.get_running_loop().time()

    @property
    def idle(self) -> bool:
        """Whether no complete request was sent."""
        return self._timer is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.client = str((transport.get_extra_info("peername") or ("",))[0])
        self._open.add(self)
        self._start_timer()
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        head, end, rest = (self._tail + data).rpartition(END_OF_HEADER)
        # Empty lines before a request are none.
        if end and (self._begun or head.strip()):
            self._stop_timer()
            self._begun = False
        if rest.strip():
            self._begun = True
            if self._timer is None:
                self._start_timer()
        self._tail = rest[-(len(END_OF_HEADER) - 1) :]
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self._stop_timer()
        self._open.discard(self)
        self._inner.connection_lost(error)

    def abort(self) -> None:
        """End it now; its place is free at once."""
        self._open.discard(self)
        if self._transport is not None:
            self._transport.abort()

    def _start_timer(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(HEADER_SECONDS, self.abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def bound_sockets(host: str, port: int, backlog: int) -> list[socket.socket]:
    """Listening sockets on all addresses of a host. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            sock = socket.socket(family, kind, protocol)
            sockets.append(sock)
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind(address)
            sock.listen(backlog)
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    return sockets
