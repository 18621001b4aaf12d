"""A web server's response, read strictly from its bytes as they come.

HTTP/1.0 and 1.1 (RFC 9112). What two readers could read in two ways is no response: folded
lines, two lengths, a length beside chunks, codings other than `chunked`.
"""

import re
from collections.abc import Callable

from bridge.core.polling.outcome import PollOutcome, of_status

MOST_BYTES = 64 * 1024
_MOST_HEAD = 8 * 1024
_MOST_PARTS = 1_000
"""Heads and chunks: what takes long to read, however small."""
_MOST_CHUNK_LINE = 64
_LINE, _END = b"\r\n", b"\r\n\r\n"

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: [^\x00-\x08\n-\x1f\x7f]*)?\r\n")
_FIELDS = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00-\x08\n-\x1f\x7f]*\r\n)*\r\n")
_FRAMING = re.compile(rb"\r\n(content-length|transfer-encoding):[ \t]*([^\r]*)", re.IGNORECASE)
_LENGTH = re.compile(rb"[0-9]{1,18}[ \t]*")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\x00-\x08\n-\x1f\x7f]*)?\r\n")


class Response:
    """One response: feed it until its outcome is known.

    `outcome` OK says that `body` is whole; `status` and `body` are as far as they were read.
    A response with another status than 200 is done with its head, or, `with_errors`, with its
    body; a body that cannot be read is then empty.
    """

    def __init__(self, *, with_errors: bool = False) -> None:
        self.status: int | None = None
        self.outcome: PollOutcome | None = None
        self.body = bytearray()
        self._with_errors = with_errors
        self._raw = bytearray()
        self._step: Callable[[Response], bool] = Response._head
        """What reads on; not bound, or every response would be left to the collector."""
        self._left: int | None = None
        """Bytes of the body, or of its chunk, that are to come; None: until the end."""
        self._parts = 0

    def feed(self, data: bytes) -> bool:
        """Take what came; whether the outcome is known."""
        self._raw += data
        try:
            while self.outcome is None and self._step(self):
                pass
        except ValueError:
            self._spoiled(PollOutcome.MALFORMED)
        return self.outcome is not None

    def end(self) -> PollOutcome:
        """The connection ended: how the response did."""
        if self.outcome is None:
            if self._step is Response._plain and self._left is None:
                self._whole()
            elif self.status is None and _may_begin(self._raw):
                self.outcome = PollOutcome.UNREACHABLE
            else:
                self._spoiled(PollOutcome.MALFORMED)
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
        self._judge(int(line[1]), head)
        return True

    def _judge(self, status: int, head: bytes) -> None:
        """What follows a head; one of 100 to 199, but for 101, is followed by the true one."""
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
        """The body: so many bytes, or all until the end."""
        if self._left is None:
            self._take(len(self._raw))
        elif len(self.body) + self._left > MOST_BYTES:
            self._spoiled(PollOutcome.TOO_LARGE)
        elif self._taken():
            self._whole()
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
            self._spoiled(PollOutcome.TOO_LARGE)
            return False
        if not self._taken() or len(self._raw) < len(_LINE):
            return False
        if not self._raw.startswith(_LINE):
            raise ValueError("a chunk without an end")
        del self._raw[: len(_LINE)]
        self._step = Response._chunk
        return True

    def _trailer(self) -> bool:
        """Fields after the last chunk, which nobody asked for."""
        end = 0 if self._raw.startswith(_LINE) else self._raw.find(_END)
        if end >= 0:
            self._whole()
        elif len(self._raw) > _MOST_HEAD:
            raise ValueError("no end")
        return False

    def _count(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise ValueError("too many parts")

    def _taken(self) -> bool:
        """Whether the rest of the body, or of the chunk, is there; takes what is."""
        size = min(self._left or 0, len(self._raw))
        self._left = (self._left or 0) - size
        self._take(size)
        return not self._left

    def _take(self, size: int) -> None:
        self.body += self._raw[:size]
        del self._raw[:size]
        if len(self.body) > MOST_BYTES:
            self._spoiled(PollOutcome.TOO_LARGE)

    def _whole(self) -> None:
        assert self.status is not None
        self.outcome = of_status(self.status)

    def _spoiled(self, outcome: PollOutcome) -> None:
        """A status that is no 200 says more than that its body cannot be read."""
        self.body.clear()
        told = PollOutcome.OK if self.status is None else of_status(self.status)
        self.outcome = outcome if told is PollOutcome.OK else told


def _framing(head: bytes) -> tuple[bool, int | None]:
    """Whether the body comes in chunks, or else its length, or None: until the end."""
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
    """Whether a response can begin so."""
    if b"\n" in raw:
        return _STATUS.match(raw) is not None
    return b"HTTP/1.".startswith(raw[:7])
