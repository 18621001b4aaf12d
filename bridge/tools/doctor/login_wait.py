"""Which announced chargers must wait for the shared login, judged by files and the data folder."""

from collections.abc import Mapping

from bridge.app import from_settings
from bridge.core.clock import Steady
from bridge.core.discovery.charger import restored
from bridge.core.model import ChargerId, Dialect, SavedState
from bridge.settings import Settings
from bridge.settings.labels import LabelsFile
from bridge.storage.readonly import charger_rows
from bridge.tools.doctor.finding import Finding, not_checked, plural

_REMEDY = "wait, or name it in fleet.labels_file, or in http.credentials_file with its own allow"


class LoginWait:
    """The trust as the bridge last saved it. Blocks for the disk when made."""

    def __init__(self, settings: Settings) -> None:
        http = settings.http
        self._after = http.login_after.total_seconds()
        shared = http.username is not None and http.password is not None and http.allow_was_set
        self._waits = shared and self._after > 0
        self._credentials = from_settings.credentials(settings)
        self._labels = LabelsFile(settings.fleet.labels_file)
        self._labels.load()
        self._saved: Mapping[str, SavedState] = (
            charger_rows(settings.journal.dir) if self._waits else {}
        )

    def withheld(self, charger: ChargerId) -> bool:
        """Whether the bridge does not poll the charger yet."""
        if not self._waits or self._credentials.names(charger) or self._labels.names(charger):
            return False
        saved = self._saved.get(charger)
        if saved is None:
            return True
        found = restored(charger, saved, Dialect.NOFOS, Steady(0.0))
        return not found.trust.reached(self._after)

    def finding(self, charger: ChargerId) -> Finding:
        """That the charger waits."""
        hours = self._after / 3600
        found = f"untrusted: not polled until it was heard for {hours:g} h (http.login_after)"
        return not_checked(f"charger {charger}", found, _REMEDY)

    def more(self, count: int) -> Finding:
        """That further ones wait."""
        return not_checked("chargers", f"{plural(count, 'more charger')} untrusted", _REMEDY)
