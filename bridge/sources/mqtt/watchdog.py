"""Detects a connection that is open but delivers nothing.

Packets may be lost on the way, the broker may hang, or its access rules may grant a subscription
and deliver nothing. The answer to a ping shows that the broker is alive. Whether messages are
delivered is checked without publishing anything, by subscribing to the announce topics again:
the broker must acknowledge it, and must send its retained announcements again.
"""

from enum import Enum

SILENT_KEEPALIVES = 1.5
"""paho pings after one; half of one is enough time for the answer."""
RESUBSCRIBE_KEEPALIVES = 1.0
CONNACK_SECONDS = 10.0
"""For the broker to accept or refuse the session."""
LONGEST_GRACE = 5.0


class Verdict(Enum):
    """The state of a silent connection, or what to do about it."""

    WELL = "well"
    RESUBSCRIBE = "resubscribe"
    """Subscribe to the announce topics again."""
    SILENT = "silent"
    """Not even a ping is answered: connect again."""
    DEAF = "deaf"
    """Nothing was delivered after the repeated subscription."""


class Watchdog:
    """Watches one connection; times are of the steady clock, in seconds."""

    __slots__ = (
        "_accepted",
        "_began_at",
        "_granted_at",
        "_message_at",
        "_packet_at",
        "_resubscribed_at",
        "keepalive",
    )

    def __init__(self, keepalive: float) -> None:
        self.keepalive = keepalive
        self.begin(0.0)

    def begin(self, steady: float) -> None:
        """A connection was opened, and nothing has arrived yet."""
        self._began_at = self._packet_at = self._message_at = steady
        self._resubscribed_at: float | None = None
        self._granted_at: float | None = None
        self._accepted = False

    def session_accepted(self) -> None:
        """The broker accepted the session."""
        self._accepted = True

    def packet_received(self, steady: float, *, message: bool) -> None:
        """A packet arrived; `message`: it was not just an answer to one of ours."""
        self._packet_at = steady
        if message:
            self._message_at = steady
            self._resubscribed_at = None

    def postpone(self, steady: float) -> None:
        """Check again after another keep-alive of silence."""
        self._message_at, self._resubscribed_at = steady, None

    def resubscribed(self, steady: float) -> None:
        """The announce topics were subscribed to again."""
        self._resubscribed_at, self._granted_at = steady, None

    def granted(self, steady: float) -> None:
        """The broker granted the announce topics."""
        if self._granted_at is None:
            self._granted_at = steady

    def verdict(self, steady: float) -> Verdict:
        """To be called about once a second, more often with a short keep-alive."""
        if not self._accepted:
            waited = steady - self._began_at
            return Verdict.SILENT if waited >= CONNACK_SECONDS else Verdict.WELL
        if steady - self._packet_at >= SILENT_KEEPALIVES * self.keepalive:
            return Verdict.SILENT
        if self._resubscribed_at is None:
            quiet = steady - self._message_at >= RESUBSCRIBE_KEEPALIVES * self.keepalive
            return Verdict.RESUBSCRIBE if quiet else Verdict.WELL
        return self._after_resubscribing(steady, self._resubscribed_at)

    def _after_resubscribing(self, steady: float, resubscribed: float) -> Verdict:
        """No message has arrived since `resubscribed`: for how long, and was it granted?"""
        grace = min(LONGEST_GRACE, self.keepalive / 4)
        if self._granted_at is not None:
            return Verdict.DEAF if steady - self._granted_at >= grace else Verdict.WELL
        return Verdict.DEAF if steady - resubscribed >= self.keepalive else Verdict.WELL
