"""Why a charger that was given its settings did not announce itself, and what to do."""

from bridge.core.polling.outcome import Page, PollOutcome
from bridge.logs.scrub import printable
from bridge.tools.charger.requests import reading
from bridge.tools.charger.web_call import WebCall
from bridge.tools.enroll.enrollment import Wish
from bridge.tools.enroll.wait import Lookout

_TRUST = (
    "; and whether the charger trusts the broker's certificate (--any-certificate lets it take any)"
)


async def connected(call: WebCall) -> bool:
    """Whether the charger says that it is connected to a broker."""
    result = await call.run(reading(Page.STATUS))
    return (result.document or {}).get("mqtt_connected") in (1, True)


async def why_silent(call: WebCall, wish: Wish, lookout: Lookout, seconds: float) -> str:
    """Nothing came, or not what should have: ask the charger what it knows of it."""
    if lookout.other is not None:
        return _other(lookout)
    result = await call.run(reading(Page.CONFIG))
    if result.outcome is not PollOutcome.OK:
        return f"the charger took the settings, and then {call.trouble(result)}"
    missing = wish.missing(result.document or {})
    if missing:
        return (
            f"{call.address} answered that all is done, but did not take {', '.join(missing)}: "
            "look whether its firmware knows these settings and takes such values"
        )
    if await connected(call):
        return (
            "the charger took the settings and is connected, but no announcement came within "
            f"{seconds:g} s: look whether it may publish on {lookout.awaited.announce_topic}, "
            "whether we may read there, and whether both of us use the same broker"
        )
    return (
        f"the charger took the settings, but did not connect within {seconds:g} s: look whether "
        f"{wish.server}:{wish.port} is the broker's address as the charger sees it, and whether "
        "user name and password are right there" + (_TRUST if wish.tls and wish.verify else "")
    )


def _other(lookout: Lookout) -> str:
    found = lookout.other
    assert found is not None
    base = printable(found.said.base or "none")
    return (
        f"the charger announced itself on {printable(found.topic)} with the base topic {base}, not "
        f"{lookout.awaited.base}: look for something else that configures it, or use --topic {base}"
    )
