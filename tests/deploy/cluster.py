"""A real API server with its etcd, built by `make check-cluster`; no node, nothing ever runs."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.deploy.render import NAMESPACE, binary
from tests.kit.servers import free_port
from tests.kit.servers.process import Server

TOKEN = "check"


class Etcd(Server):
    """What the API server keeps its objects in."""

    program = "etcd"
    ready = "ready to serve client requests"

    def arguments(self) -> Sequence[str]:
        peers = f"http://127.0.0.1:{free_port()}"
        return [
            "--data-dir", str(self._folder / "etcd"),
            "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
            "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers,
            "--initial-cluster", f"default={peers}",
        ]  # fmt: skip


class ApiServer(Server):
    """Kubernetes' own judge of what is applied."""

    program = "kube-apiserver"
    ready = "Serving securely on"
    scheme = "https"

    def __init__(self, folder: Path, etcd: Etcd) -> None:
        super().__init__(folder)
        self._etcd = etcd

    def arguments(self) -> Sequence[str]:
        key, tokens = self._folder / "key.pem", self._folder / "tokens.csv"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        tokens.write_text(f"{TOKEN},admin,1,system:masters\n", encoding="utf-8")
        return [
            "--etcd-servers", self._etcd.url, "--bind-address", "127.0.0.1",
            "--secure-port", str(self.port), "--cert-dir", str(self._folder / "certificates"),
            "--service-account-key-file", str(key),
            "--service-account-signing-key-file", str(key),
            "--service-account-issuer", "https://kubernetes.default",
            "--token-auth-file", str(tokens), "--authorization-mode", "RBAC",
            "--service-cluster-ip-range", "10.96.0.0/16",
            # Nobody is there to make the service account `default`.
            "--disable-admission-plugins", "ServiceAccount",
        ]  # fmt: skip

    def kubectl(self, *arguments: str, text: str | None = None) -> tuple[int, str]:
        """The exit code, and what was said; `text` for `--filename -`."""
        fixed = ["--server", self.url, "--insecure-skip-tls-verify", "--token", TOKEN]
        command = [binary("kubectl"), *fixed, "--kubeconfig", "/dev/null", *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def tried(self, text: str) -> tuple[int, str]:
        """What the server says to these documents, without keeping them."""
        where = ("--namespace", NAMESPACE, "--dry-run=server", "--validate=strict")
        return self.kubectl("apply", "--server-side", *where, "--filename", "-", text=text)
