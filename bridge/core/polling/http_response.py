"""A web server's response, parsed strictly as its bytes arrive.

HTTP/1.0 and 1.1 (RFC 9112). What two parsers could read in two ways is malformed: folded
lines, two lengths, a length together with chunks, codings other than `chunked`.
"""

import re
from collections.abc import Callable

from bridge.core.polling.outcome import PollOutcome, of_status
from bridge.core.unread import Fault, Unread

MOST_BYTES = 64 * 1024
_MOST_HEAD = 8 * 1024
_MOST_PARTS = 1_000
"""Heads and chunks: each costs time, however small."""
_MOST_CHUNK_LINE = 64
_LINE, _END = b"\r\n", b"\r\n\r\n"

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: [^\x00-\x08\n-\x1f\x7f]*)?\r\n")
_FIELDS = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00-\x08\n-\x1f\x7f]*\r\n)*\r\n")
_FRAMING = re.compile(rb"\r\n(content-length|transfer-encoding):[ \t]*([^\r]*)", re.IGNORECASE)
_LENGTH = re.compile(rb"[0-9]{1,18}[ \t]*")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\x00-\x08\n-\x1f\x7f]*)?\r\n")


class Response:
    """One response: feed it until its outcome is known.

    `outcome` OK: `body` is complete; `status` and `body` are what has been read so far.
    A response with a status other than 200 ends with its head or, `with_errors`, with its
    body; a body that cannot be read is then empty.
    """

    def __init__(self, *, with_errors: bool = False) -> None:
        self.status: int | None = None
        self.outcome: PollOutcome | None = None
        self.body = bytearray()
        self.unread: Unread | None = None
        """Why no document was read, with MALFORMED and TOO_LARGE."""
        self._with_errors = with_errors
        self._raw = bytearray()
        self._step: Callable[[Response], bool] = Response._head
        """The next parser; unbound, or each response would be a cycle for the collector."""
        self._left: int | None = None
        """Bytes of the body or chunk still missing; None: until the connection ends."""
        self._parts = 0

    def feed(self, data: bytes) -> bool:
        """Parse more bytes; True once the outcome is known."""
        self._raw += data
        try:
            while self.outcome is None and self._step(self):
                pass
        except ValueError:
            self._fail(PollOutcome.MALFORMED)
        return self.outcome is not None

    def end(self) -> PollOutcome:
        """The connection ended: returns the outcome."""
        if self.outcome is None:
            if self._step is Response._plain and self._left is None:
                self._complete()
            elif self.status is None and _may_begin(self._raw):
                self.outcome = PollOutcome.UNREACHABLE
            else:
                self._fail(PollOutcome.MALFORMED)
        assert self.outcome is not None
        return self.outcome

    def _head(self) -> bool:
        end = self._raw.find(_END)
        if end < 0:
            if len(self._raw) > _MOST_HEAD or not _may_begin(self._raw):
                raise ValueError("no head")
            return False
        head = bytes(self._raw[: end + len(_END)])
        line = _STATUS.match(head)
        if line is None or end > _MOST_HEAD or not _FIELDS.fullmatch(head, line.end()):
            raise ValueError("no head")
        self._count()
        del self._raw[: end + len(_END)]
        self._choose_body(int(line[1]), head)
        return True

    def _choose_body(self, status: int, head: bytes) -> None:
        """Choose what follows a head; after 100 to 199, except 101, another head follows."""
        if 100 <= status < 200 and status != 101:
            return
        self.status = status
        outcome = of_status(status)
        if outcome is not PollOutcome.OK and not self._with_errors:
            self.outcome = outcome
            return
        chunked, self._left = _framing(head)
        self._step = Response._chunk if chunked else Response._plain

    def _plain(self) -> bool:
        """The body: so many bytes, or all until the connection ends."""
        if self._left is None:
            self._read_body(len(self._raw))
        elif len(self.body) + self._left > MOST_BYTES:
            self._fail(PollOutcome.TOO_LARGE)
        elif self._read_rest():
            self._complete()
        return False

    def _chunk(self) -> bool:
        """A chunk's first line."""
        line = _CHUNK.match(self._raw)
        if line is None:
            if _LINE in self._raw or len(self._raw) > _MOST_CHUNK_LINE:
                raise ValueError("no chunk")
            return False
        self._count()
        self._left = int(line[1], 16)
        del self._raw[: line.end()]
        self._step = Response._in_chunk if self._left else Response._trailer
        return True

    def _in_chunk(self) -> bool:
        """A chunk's bytes, and the end of its last line."""
        if len(self.body) + (self._left or 0) > MOST_BYTES:
            self._fail(PollOutcome.TOO_LARGE)
            return False
        if not self._read_rest() or len(self._raw) < len(_LINE):
            return False
        if not self._raw.startswith(_LINE):
            raise ValueError("a chunk without an end")
        del self._raw[: len(_LINE)]
        self._step = Response._chunk
        return True

    def _trailer(self) -> bool:
        """Fields after the last chunk, which are ignored."""
        end = 0 if self._raw.startswith(_LINE) else self._raw.find(_END)
        if end >= 0:
            self._complete()
        elif len(self._raw) > _MOST_HEAD:
            raise ValueError("no end")
        return False

    def _count(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise ValueError("too many parts")

    def _read_rest(self) -> bool:
        """Read what is there of the body or chunk; True once it is complete."""
        size = min(self._left or 0, len(self._raw))
        self._left = (self._left or 0) - size
        self._read_body(size)
        return not self._left

    def _read_body(self, size: int) -> None:
        self.body += self._raw[:size]
        del self._raw[:size]
        if len(self.body) > MOST_BYTES:
            self._fail(PollOutcome.TOO_LARGE)

    def _complete(self) -> None:
        assert self.status is not None
        self.outcome = of_status(self.status)

    def _fail(self, outcome: PollOutcome) -> None:
        """A status other than 200 explains more than a body that cannot be read."""
        by_status = PollOutcome.OK if self.status is None else of_status(self.status)
        self.outcome = outcome if by_status is PollOutcome.OK else by_status
        if self.outcome is outcome:
            self.unread = Unread(self._fault(outcome), len(self.body))
        self.body.clear()

    def _fault(self, outcome: PollOutcome) -> Fault:
        if outcome is PollOutcome.TOO_LARGE:
            return Fault.TOO_LARGE
        return Fault.NOT_HTTP if self.status is None else Fault.INCOMPLETE


def _framing(head: bytes) -> tuple[bool, int | None]:
    """Whether the body is chunked, and else its length; None: until the connection ends."""
    lengths: set[bytes] = set()
    codings: list[bytes] = []
    for name, value in _FRAMING.findall(head):
        if name.lower() == b"content-length":
            lengths.add(value.rstrip())
        else:
            codings.append(value.rstrip().lower())
    if codings:
        if codings != [b"chunked"] or lengths:
            raise ValueError("in another form than chunks")
        return True, None
    if not lengths:
        return False, None
    (length,) = lengths
    if not _LENGTH.fullmatch(length):
        raise ValueError("no length")
    return False, int(length)


def _may_begin(raw: bytearray) -> bool:
    """Whether a response can begin with these bytes."""
    if b"\n" in raw:
        return _STATUS.match(raw) is not None
    return b"HTTP/1.".startswith(raw[:7])
