"""The requests that commands may send to a charger's web server; there are no others."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.core.polling.outcome import Page
from bridge.core.rapi.query import Query

RAPI_PATH = "/r"


@dataclass(frozen=True, slots=True)
class ChargerRequest:
    """One request; `body` may hold secrets, and makes it a POST."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)


def get_page(page: Page) -> ChargerRequest:
    """GET a page."""
    return ChargerRequest(page.value)


def rapi_request(query: Query) -> ChargerRequest:
    """Send a RAPI query to the controller."""
    return ChargerRequest(RAPI_PATH, {"json": "1", "rapi": query.value})


def post_config(settings: Mapping[str, str | int | bool]) -> ChargerRequest:
    """Change these settings of a charger, and no others."""
    return ChargerRequest(Page.CONFIG.value, body=json.dumps(settings).encode())
