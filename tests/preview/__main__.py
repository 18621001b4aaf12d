"""`python -m tests.preview --prometheus URL`: a picture of each dashboard, of what is in there."""

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

from tests.dash_parts import boards
from tests.preview.answers import Asker
from tests.preview.page import WIDTH, page
from tests.servers import find_program

PATIENCE_SECONDS = 120


def shoot(html: Path, picture: Path, height: int) -> None:
    """A picture of the page, by Chromium."""
    subprocess.run(
        [find_program("chromium"), "--headless", "--no-sandbox", "--disable-gpu",
         "--hide-scrollbars", "--force-device-scale-factor=0.9",
         f"--window-size={WIDTH + 6},{height}",
         f"--screenshot={picture}", html.as_uri()],
        check=True, capture_output=True, timeout=PATIENCE_SECONDS,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.preview", description=__doc__)
    parser.add_argument("--prometheus", required=True, metavar="URL")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--charger", required=True, help="the one of the Charger dashboard")
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    given = parser.parse_args()
    end = time.time()
    values = {"site": ".*", "instance": ".*", "charger": given.charger, "__rate_interval": "20s"}
    asker = Asker(given.prometheus, end - 60 * given.minutes, end, values)
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for uid, board in boards("prometheus").items():
            text, height = page(board, asker)
            html = Path(folder) / f"{uid}.html"
            html.write_text(text, encoding="utf-8")
            shoot(html, given.out.resolve() / f"{uid}.png", height)


if __name__ == "__main__":
    main()
