"""Mosquitto, open to anyone or with passwords, rules or TLS."""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.kit.servers.process import Server, find_program


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM form; with `client_ca_file`, clients must show a certificate of that CA."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None


class Mosquitto(Server):
    """Keeps nothing over a restart."""

    program = "mosquitto"
    ready = " running\n"

    def __init__(
        self,
        folder: Path,
        *,
        passwords: Mapping[str, str] | None = None,
        acl: str | None = None,
        tls: Tls | None = None,
        more: Sequence[str] = (),
    ) -> None:
        """`passwords` by user name, `acl` the text of the rules, `more` further settings."""
        super().__init__(folder)
        self.scheme = "mqtts" if tls else "mqtt"
        self._passwords = passwords
        self._acl = acl
        self._tls = tls
        self._more = tuple(more)

    def allow(self, acl: str) -> None:
        """Change the rules while it runs."""
        self._acl = acl
        self._acl_settings()
        self._running().send_signal(signal.SIGHUP)

    def arguments(self) -> Sequence[str]:
        config = self._folder / "mosquitto.conf"
        config.write_text("\n".join(self._settings()) + "\n", encoding="utf-8")
        return ["-c", str(config)]

    def _settings(self) -> list[str]:
        return [
            # Started by root, it would change to a user who cannot read our files.
            "user root",
            "persistence false",
            "log_dest stderr",
            "log_type all",
            "max_queued_messages 0",
            "set_tcp_nodelay true",
            f"listener {self._port} 127.0.0.1",
            f"allow_anonymous {'false' if self._passwords else 'true'}",
            *self._password_settings(),
            *self._acl_settings(),
            *self._tls_settings(),
            *self._more,
        ]

    def _password_settings(self) -> list[str]:
        if not self._passwords:
            return []
        path = self._folder / "passwords"
        path.touch(mode=0o600)
        for user, password in self._passwords.items():
            command = [find_program("mosquitto_passwd"), "-b", str(path), user, password]
            subprocess.run(command, check=True, capture_output=True)
        return [f"password_file {path}"]

    def _acl_settings(self) -> list[str]:
        if self._acl is None:
            return []
        path = self._folder / "acl"
        path.write_text(self._acl, encoding="utf-8")
        path.chmod(0o600)
        return [f"acl_file {path}"]

    def _tls_settings(self) -> list[str]:
        if self._tls is None:
            return []
        lines = [f"certfile {self._tls.cert_file}", f"keyfile {self._tls.key_file}"]
        if self._tls.client_ca_file is not None:
            lines += [f"cafile {self._tls.client_ca_file}", "require_certificate true"]
        return lines
