"""A response read from its bytes: whole or not, and never in two ways."""

import gc
import weakref
from random import Random

import pytest

from bridge.core.polling.http_response import MOST_BYTES, Response
from bridge.core.polling.outcome import PollOutcome

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
WHOLE = [
    b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"state":3}',
    b'HTTP/1.0 200\r\ncontent-LENGTH:11 \r\nX:\t\x80\r\n\r\n{"state":3}and more',
    b'HTTP/1.1 200 \r\nContent-Length: 11\r\nContent-Length: 11\r\n\r\n{"state":3}',
    b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"state":3}',
    b'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked \r\n\r\nb\r\n{"state":3}\r\n0\r\n\r\n',
    CHUNKED + b'8\r\n{"state"\r\n03;x="y"\r\n:3}\r\n0\r\nTrailing: yes\r\n\r\n',
]
TO_THE_END = b'HTTP/1.0 200 OK\r\n\r\n{"state":3}'


def head(*fields: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", *fields, b"", b""])


def read(*parts: bytes, with_errors: bool = False) -> Response:
    """What comes of the parts and the end of the connection."""
    response = Response(with_errors=with_errors)
    for part in parts:
        if response.feed(part):
            break
    response.end()
    return response


@pytest.mark.parametrize("raw", WHOLE)
def test_a_whole_response_is_known_without_the_connections_end(raw: bytes) -> None:
    response = Response()
    assert response.feed(raw)
    assert (response.outcome, response.status) == (PollOutcome.OK, 200)
    assert response.body == b'{"state":3}'


def test_without_a_length_the_end_of_the_connection_ends_the_body() -> None:
    response = Response()
    assert not response.feed(TO_THE_END)
    assert response.end() is PollOutcome.OK
    assert response.body == b'{"state":3}'


@pytest.mark.parametrize(
    "raw",
    [
        *WHOLE,
        TO_THE_END,
        CHUNKED + b"zz",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 404 No\r\n\r\nsorry",
        head(b"Content-Length: 900") + b"cut",
    ],
)
def test_where_the_bytes_are_cut_makes_no_difference(raw: bytes) -> None:
    at_once = read(raw)
    one_by_one = read(*(raw[at : at + 1] for at in range(len(raw))))
    assert (one_by_one.outcome, one_by_one.body) == (at_once.outcome, at_once.body)
    rng = Random(1)
    for _ in range(50):
        cut, other = sorted(rng.randrange(len(raw)) for _ in range(2))
        found = read(raw[:cut], raw[cut:other], raw[other:])
        assert (found.outcome, found.body) == (at_once.outcome, at_once.body)


@pytest.mark.parametrize(
    "raw",
    [
        head(b"Content-Length: 2", b"Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n\r\n",
        head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
        head(b"Transfer-Encoding: gzip, chunked") + b"2\r\n{}\r\n0\r\n\r\n",
        head(b"Transfer-Encoding: identity") + b"{}",
        head(b"Content-Length: 2", b"Content-Length: 3") + b"{}",
        head(b"Content-Length: 2, 2") + b"{}",
        head(b"Content-Length: +2") + b"{}",
        head(b"Content-Length: 0x2") + b"{}",
        head(b"Content-Length:") + b"{}",
        head(b"Content-Length: " + b"9" * 19) + b"{}",
        head("Content-Length: ٢".encode()) + b"{}",
        head(b"Content-Length : 2") + b"{}",
        head(b"X: a", b" folded: b", b"Content-Length: 2") + b"{}",
        head(b"X: a\nContent-Length: 2") + b"{}",
        head(b"X: a\x00", b"Content-Length: 2") + b"{}",
        head(b"no field", b"Content-Length: 2") + b"{}",
        b"HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 0200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
        CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"2\r\n{}0\r\n\r\n",
        CHUNKED + b"2\r\n{}XX0\r\n\r\n",
        CHUNKED + b"2\n{}\n0\n\n",
        CHUNKED + b"2\r\n{}\r\n0\r\n",
        CHUNKED + b"2\r\n{}\r\n",
        CHUNKED + b"0" * 5_000,
        CHUNKED + b"2;" + b"x" * 5_000,
        CHUNKED + b"40\r\n" + b" " * 64 + b"\r\n" + b"1\r\n \r\n" * 999 + b"0\r\n\r\n",
        CHUNKED + b"0\r\n" + b"X: a\r\n" * 5_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 1_001,
    ],
)
def test_what_could_be_read_in_two_ways_or_takes_long_is_malformed(raw: bytes) -> None:
    response = Response()
    response.feed(raw)
    assert (response.end(), bytes(response.body)) == (PollOutcome.MALFORMED, b"")


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 9_000,
        CHUNKED + b"x\r\n",
        CHUNKED + b"0" * 100,
        CHUNKED + b"0\r\nX: " + b"a" * 9_000,
    ],
)
def test_what_has_no_end_is_malformed_before_its_end(raw: bytes) -> None:
    response = Response()
    assert response.feed(raw)
    assert response.outcome is PollOutcome.MALFORMED


@pytest.mark.parametrize(
    "raw",
    [
        head(b"Content-Length: %d" % (MOST_BYTES + 1)),
        head(b"Content-Length: " + b"9" * 18),
        head() + b" " * (MOST_BYTES + 1),
        CHUNKED + b"%x\r\n" % (MOST_BYTES + 1),
        CHUNKED + b"ffffffff\r\n",
        CHUNKED + (b"1000\r\n" + b" " * 4096 + b"\r\n") * 16 + b"1\r\n",
    ],
)
def test_a_document_over_64_kb_is_too_large_as_soon_as_that_is_known(raw: bytes) -> None:
    response = Response()
    assert response.feed(raw)
    assert (response.outcome, bytes(response.body)) == (PollOutcome.TOO_LARGE, b"")


@pytest.mark.parametrize(
    "raw",
    [
        head(b"Content-Length: %d" % MOST_BYTES) + b" " * MOST_BYTES,
        head() + b" " * MOST_BYTES,
        CHUNKED + (b"1000\r\n" + b" " * 4096 + b"\r\n") * 16 + b"0\r\n\r\n",
    ],
)
def test_a_document_of_64_kb_is_read(raw: bytes) -> None:
    response = read(raw)
    assert (response.outcome, len(response.body)) == (PollOutcome.OK, MOST_BYTES)


@pytest.mark.parametrize("raw", [b"", b"H", b"HTTP/1.", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nX:"])
def test_a_connection_that_ends_before_an_answer_is_as_if_there_were_none(raw: bytes) -> None:
    assert read(raw).outcome is PollOutcome.UNREACHABLE


def test_what_an_error_says_is_read_only_where_it_is_wanted() -> None:
    raw = b'HTTP/1.1 500 No\r\nContent-Length: 11\r\n\r\n{"why":"x"}'
    assert read(raw).body == b""
    wanted = read(raw, with_errors=True)
    assert (wanted.outcome, wanted.status) == (PollOutcome.HTTP_ERROR, 500)
    assert wanted.body == b'{"why":"x"}'


@pytest.mark.parametrize("body", [b"cut", b"x" * 900])
def test_an_error_whose_body_cannot_be_read_is_still_that_error(body: bytes) -> None:
    size = 900 if body == b"cut" else MOST_BYTES + 1
    raw = b"HTTP/1.1 401 No\r\nContent-Length: %d\r\n\r\n" % size + body
    found = read(raw, with_errors=True)
    assert (found.outcome, found.status, bytes(found.body)) == (PollOutcome.UNAUTHORIZED, 401, b"")


def test_a_response_needs_no_collector() -> None:
    response = Response()
    assert response.feed(CHUNKED + b"1\r\nx\r\n0\r\n\r\n")
    gone = weakref.ref(response)
    gc.disable()
    try:
        del response
        assert gone() is None
    finally:
        gc.enable()
