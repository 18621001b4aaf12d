"""Tells from the broker's silence whether it still speaks to us.

A connection may be open and dead: its packets vanish, the broker is stopped, or its access
rules let us subscribe and give us nothing. A ping's answer shows that somebody is there. That
messages still reach us is shown, without publishing anything, by subscribing to the announce
topics once more: the broker must answer, and must repeat the announcements that it keeps.
"""

from enum import Enum

SILENT_KEEPALIVES = 1.5
"""paho pings after one; half of one is time enough for the answer."""
ASK_KEEPALIVES = 1.0
PATIENCE_SECONDS = 10.0
"""For the broker's answer to the connection."""
LONGEST_GRACE = 5.0


class Verdict(Enum):
    """What to do about the silence."""

    WELL = "well"
    RESUBSCRIBE = "ask"
    """Subscribe to the announce topics once more."""
    SILENT = "silent"
    """Not even a ping is answered: connect anew."""
    DEAF = "deaf"
    """Subscriptions bring nothing, though there are announcements to be repeated."""


class Watchdog:
    """Judges one connection; times are of the steady clock, in seconds."""

    __slots__ = ("_answered", "_asked", "_began", "_message", "_packet", "_ready", "keepalive")

    def __init__(self, keepalive: float) -> None:
        self.keepalive = keepalive
        self.begin(0.0)

    def begin(self, now: float) -> None:
        """A connection was opened, and nothing came yet."""
        self._began = self._packet = self._message = now
        self._asked: float | None = None
        self._answered: float | None = None
        self._ready = False

    def session_accepted(self) -> None:
        """The broker took the session."""
        self._ready = True

    def packet_received(self, now: float, *, message: bool) -> None:
        """Something came; `message`: more than an answer to what we sent."""
        self._packet = now
        if message:
            self._message = now
            self._asked = None

    def postpone(self, now: float) -> None:
        """Let it be; ask again when the silence has gone on for another keep-alive."""
        self._message, self._asked = now, None

    def resubscribed(self, now: float) -> None:
        """The announce topics were subscribed to once more."""
        self._asked, self._answered = now, None

    def granted(self, now: float) -> None:
        """The broker granted them."""
        if self._answered is None:
            self._answered = now

    def verdict(self, now: float) -> Verdict:
        """Judge; to be called about once a second, more often with a short keep-alive."""
        if not self._ready:
            waited = now - self._began
            return Verdict.SILENT if waited >= PATIENCE_SECONDS else Verdict.WELL
        if now - self._packet >= SILENT_KEEPALIVES * self.keepalive:
            return Verdict.SILENT
        if self._asked is None:
            quiet = now - self._message >= ASK_KEEPALIVES * self.keepalive
            return Verdict.RESUBSCRIBE if quiet else Verdict.WELL
        return self._outcome(now, self._asked)

    def _outcome(self, now: float, asked: float) -> Verdict:
        """Nothing came since we asked: how long, and was it granted at all?"""
        grace = min(LONGEST_GRACE, self.keepalive / 4)
        if self._answered is not None:
            return Verdict.DEAF if now - self._answered >= grace else Verdict.WELL
        return Verdict.DEAF if now - asked >= self.keepalive else Verdict.WELL
