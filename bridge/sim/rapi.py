"""The controller's serial protocol (RAPI), read-only queries only."""

from datetime import UTC, datetime

from bridge.sim.device import View
from bridge.sim.trips import TripCounts

REFUSED = "$NK"
_NO_SENSOR = -2560


def with_checksum(line: str) -> str:
    """The line with its checksum: all characters combined by exclusive or."""
    check = 0
    for sign in line.encode():
        check ^= sign
    return f"{line}^{check:02X}"


def rapi_reply(
    command: str, *, view: View, trips: TripCounts, most_amps: int, unix: float
) -> str | None:
    """The reply to a query without its checksum; None for an unknown query."""
    now = datetime.fromtimestamp(unix, UTC)
    amps, volts = round(view.amps[0] * 1000), round(view.volts[0] * 1000)
    temp1 = _NO_SENSOR if view.temp1 is False else view.temp1
    answers = {
        "$GV": "7.1.3 5.1.0",
        "$GS": f"{view.state:02x} {view.elapsed} {view.state:02x} 0100",
        "$GT": f"{now:%y} {now.month} {now.day} {now.hour} {now.minute} {now.second}",
        "$GG": f"{amps} {volts}",
        "$GP": f"{temp1} {_NO_SENSOR} {_NO_SENSOR}",
        "$GU": f"{view.wattsec} {int(view.wh)}",
        "$GF": f"{trips.gfci:x} {trips.no_ground:x} {trips.stuck_relay:x}",
        "$GE": f"{view.pilot} 0100",
        "$GC": f"6 {most_amps} {view.pilot} {most_amps}",
        "$GD": "0 0 0 0",
        "$GA": "220 0",
    }
    found = answers.get(command.strip())
    return None if found is None else f"$OK {found}"
