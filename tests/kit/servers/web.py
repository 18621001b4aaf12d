"""Questions to a server over HTTP."""

import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence

ASK_SECONDS = 10.0


def ask(url: str, parameters: Mapping[str, str | Sequence[str]] | None = None) -> str:
    """The body of a good answer."""
    query = urllib.parse.urlencode(parameters or {}, doseq=True)
    with urllib.request.urlopen(f"{url}?{query}", timeout=ASK_SECONDS) as answer:
        body: bytes = answer.read()
    return body.decode()
