"""Chromium: what a page becomes in a browser, as text and as a picture."""

import subprocess
import tempfile
from pathlib import Path

from tests.kit.servers.process import find_program

PATIENCE_SECONDS = 120
_ALWAYS = (
    # Tests run as root in containers, where Chromium's own sandbox and shared memory do not.
    "--headless", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
    "--no-first-run", "--disable-background-networking", "--disable-component-update",
)  # fmt: skip


def dom(url: str) -> str:
    """The document as HTML, once it was loaded and its scripts, if any, have run."""
    return _run(url, "--dump-dom")


def shoot(url: str, picture: Path, *, width: int, height: int, scale: float = 1.0) -> None:
    """Its picture, as PNG."""
    _run(
        url, f"--window-size={width},{height}", f"--force-device-scale-factor={scale:g}",
        f"--screenshot={picture}",
    )  # fmt: skip


def _run(url: str, *options: str) -> str:
    with tempfile.TemporaryDirectory(prefix="nofos-chromium-") as profile:
        done = subprocess.run(
            [find_program("chromium"), *_ALWAYS, f"--user-data-dir={profile}", *options, url],
            check=True, capture_output=True, timeout=PATIENCE_SECONDS, text=True,
        )  # fmt: skip
    return done.stdout
