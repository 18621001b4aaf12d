"""Which login a request may carry, from settings that are read again while the bridge runs."""

from collections.abc import Callable, Mapping
from typing import Protocol

from bridge.core.model import ChargerId
from bridge.core.polling.address import Ip
from bridge.core.polling.address_policy import Network
from bridge.core.polling.login import NOTHING, ChargerLogin, CredentialsEntry, login_for


class CredentialsSource(Protocol):
    """What the credentials need of the credentials file."""

    @property
    def entries(self) -> Mapping[ChargerId, CredentialsEntry]:
        """The entries as last read."""

    def refresh(self) -> bool:
        """Read the file if it changed; True where the entries did."""

    def new_problem(self) -> str | None:
        """Why the file is not used, once after each change of it."""


class Credentials:
    """`allowed_networks` is `http.allow` where it was set, and empty where it is the default.

    `shared` returns the login for all chargers; it is called at every `refresh`.
    """

    def __init__(
        self,
        *,
        file: CredentialsSource,
        shared: Callable[[], ChargerLogin | None],
        allowed_networks: tuple[Network, ...],
    ) -> None:
        self._file = file
        self._read_shared = shared
        self._shared: ChargerLogin | None = None
        self._allowed_networks = allowed_networks
        self.refresh()

    def refresh(self) -> bool:
        """Read what changed; True where a login or an allowed network may have changed."""
        before, self._shared = self._shared, self._read_shared()
        return self._file.refresh() or before != self._shared

    def new_problem(self) -> str | None:
        """Why the file is not used, once after each change of it; the last entries stay valid."""
        return self._file.new_problem()

    def allow(self, charger: ChargerId) -> tuple[Network, ...]:
        """The networks of this charger alone."""
        return self._file.entries.get(charger, NOTHING).allow

    def names(self, charger: ChargerId) -> bool:
        """Whether the credentials file names the charger."""
        return charger in self._file.entries

    def login(self, charger: ChargerId, ip: Ip) -> ChargerLogin | None:
        """The login that may be sent to this address of the charger; None for none."""
        entry = self._file.entries.get(charger, NOTHING)
        return login_for(ip, shared=self._shared, entry=entry, named=self._allowed_networks)
