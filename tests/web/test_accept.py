"""Which format and coding a scraper gets."""

import pytest

from bridge.web.accept import accepts_gzip
from bridge.web.metrics import prefers_openmetrics


@pytest.mark.parametrize(
    ("header", "gzip"),
    [
        ("gzip", True),
        ("GZip", True),
        ("x-gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=1.0, identity; q=0.5, *;q=0", True),
        ("identity;q=0.5, gzip ; Q=0.5", True),
        ("*", True),
        ("*;q=0.1", True),
        ("identity;q=0, *;q=0.1", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("gzip; q=0, *", False),
        ("*;q=0", False),
        ("gzip;q=0, deflate", False),
        ("gzip;q=0.5, identity", False),
        ("gzip;q=oops", False),
        ("gzip;q=7", False),
        ("gzip;q=nan", False),
        ("gzipped", False),
        ("not-gzip", False),
    ],
)
def test_gzip_is_sent_only_to_who_accepts_it(header: str, gzip: bool) -> None:
    assert accepts_gzip(header) is gzip


@pytest.mark.parametrize(
    ("header", "openmetrics"),
    [
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", True),
        ("Application/OpenMetrics-Text; Q=0.8, text/plain;q=0.7", True),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=0.3,text/plain;q=0.4", False),
        ("text/plain", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_openmetrics_is_sent_to_who_prefers_it(header: str, openmetrics: bool) -> None:
    assert prefers_openmetrics(header) is openmetrics
