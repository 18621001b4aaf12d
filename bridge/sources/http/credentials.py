"""Which login a request may carry, from settings that are read again while the bridge runs."""

from collections.abc import Callable, Mapping
from typing import Protocol

from bridge.core.model import ChargerId
from bridge.core.polling.address import Ip
from bridge.core.polling.address_policy import Network
from bridge.core.polling.login import NOTHING, ChargerLogin, CredentialsEntry, login_for


class CredentialsFile(Protocol):
    """What the keyring needs of the credentials file."""

    @property
    def entries(self) -> Mapping[ChargerId, CredentialsEntry]:
        """The newest ones."""

    def refresh(self) -> bool:
        """Read it if it changed; True where the entries did."""


class Credentials:
    """`named` is `http.allow` where it was set, and empty where it is the default.

    `shared` gives the login for all chargers; it is asked at every `refresh`.
    """

    def __init__(
        self,
        *,
        file: CredentialsFile,
        shared: Callable[[], ChargerLogin | None],
        named: tuple[Network, ...],
    ) -> None:
        self._file = file
        self._read_shared = shared
        self._shared: ChargerLogin | None = None
        self._named = named
        self.refresh()

    def refresh(self) -> bool:
        """Read what changed; True where some login or allowed network may be another now."""
        before, self._shared = self._shared, self._read_shared()
        return self._file.refresh() or before != self._shared

    def allow(self, charger: ChargerId) -> tuple[Network, ...]:
        """The networks of this charger alone."""
        return self._file.entries.get(charger, NOTHING).allow

    def login(self, charger: ChargerId, ip: Ip) -> ChargerLogin | None:
        """What may be sent to this address of the charger."""
        entry = self._file.entries.get(charger, NOTHING)
        return login_for(ip, shared=self._shared, entry=entry, named=self._named)
