"""Finds the charger of a command: by its id in the data folder, or by a URL."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from bridge.core.clock import Steady
from bridge.core.discovery.charger import restored
from bridge.core.errors import CommandFailed
from bridge.core.model import ChargerId, Dialect
from bridge.core.polling.address import Address, RefusedAddress, read_address
from bridge.core.polling.host_names import read_announced
from bridge.logs.scrub import printable
from bridge.settings import Settings
from bridge.storage.readonly import charger_ids, charger_row

ANY_PORT = range(1, 65536)


@dataclass(frozen=True, slots=True)
class ChargerTarget:
    """A charger to send requests to; `id` is None where a URL was given.

    `address` is the announced one, or that of the URL; `base` is its base topic.
    """

    id: ChargerId | None
    address: Address | RefusedAddress
    base: str | None = None


def target_from_url(url: str) -> ChargerTarget:
    """The charger at a URL; raises CommandFailed for an invalid URL."""
    address = read_address(url, ANY_PORT)
    if isinstance(address, RefusedAddress):
        # Without the text itself: it may hold a password.
        raise CommandFailed(f"the address {address.why}; write it like http://10.0.0.7")
    return ChargerTarget(None, address)


def target_from_id(charger: str, settings: Settings) -> ChargerTarget:
    """The charger with this id; raises CommandFailed for an unknown id."""
    folder = settings.journal.dir
    body = charger_row(folder, charger)
    if body is None:
        raise CommandFailed(_unknown_charger(charger, folder))
    id_ = ChargerId(charger)
    found = restored(id_, body, Dialect.NOFOS, Steady(0.0))
    address = read_announced(found.http, settings.http.ports, settings.http.names)
    return ChargerTarget(id_, address, found.claim.base if found.claim else None)


def find_target(charger: str, settings: Settings) -> ChargerTarget:
    """The charger named by `CHARGER` on the command line; an id contains no slash."""
    return target_from_url(charger) if "/" in charger else target_from_id(charger, settings)


def _unknown_charger(charger: str, folder: Path) -> str:
    ids = charger_ids(folder)
    if not ids:
        return (
            f"no charger is known in {folder}: name the bridge's data folder (journal.dir, "
            "NOFOS_JOURNAL__DIR), or the charger's address, such as http://10.0.0.7"
        )
    near = get_close_matches(charger, ids, n=1)
    perhaps = f"; did you mean {near[0]}?" if near else ""
    return f"no charger {printable(charger[:80])} is known in {folder}{perhaps}"
