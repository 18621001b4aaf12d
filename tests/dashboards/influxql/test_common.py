"""The dashboards for InfluxDB speak only the InfluxQL that 1.8, 2 and 3 have in common.

1.8 and 2 share one parser. What 3 has of it stands in its documentation, "InfluxQL feature
support" and "InfluxQL functions"; what is not allowed here was not looked up there.
"""

import json
import re

import pytest

from tests.kit.dashboards import boards

FUNCTIONS = {"COUNT", "LAST", "MAX", "MEAN", "MIN", "SUM", "BOTTOM", "NON_NEGATIVE_DIFFERENCE"}
WORDS = {
    "SELECT", "FROM", "WHERE", "AND", "OR", "GROUP", "BY", "AS", "ORDER", "DESC", "LIMIT",
    "SHOW", "TAG", "VALUES", "WITH", "KEY", "time", "fill", "null",
}  # fmt: skip
CALLED = FUNCTIONS | {"time", "fill", "FROM", "AND", "OR", "WHERE"}
"""What an opening bracket may follow."""
TOKEN = re.compile(
    r"""\s+ | (?P<quoted>"[^"]*" | '[^']*' | /(?:[^/\\]|\\.)*/) | (?P<variable>\$\{?\w+(?::\w+)?\}?)
      | (?P<number>\d+(?:\.\d+)?(?:u|ms|s|m|h|d|w)?) | (?P<call>\w+)(?=\() | (?P<word>\w+)
      | (?P<sign><=|>=|!=|<>|=~|!~|[-+*/=<>(),])""",
    re.VERBOSE,
)


def texts() -> list[str]:
    """Every query of the dashboards: of panels, variables and annotations."""
    found = re.findall(
        r'"query": ("(?:[^"\\]|\\.)*")', json.dumps(list(boards("influxdb").values()))
    )
    return [text for text in map(json.loads, found) if " " in text]


def uncommon(text: str) -> list[str]:
    """What of a query is outside the common part."""
    at, found = 0, list[str]()
    while at < len(text):
        token = TOKEN.match(text, at)
        if token is None:
            return [*found, text[at]]
        call, word = token["call"], token["word"]
        if (call and call not in CALLED) or (word and word not in WORDS):
            found.append(token[0])
        at = token.end()
    return found


def test_every_query_is_in_the_common_part() -> None:
    queries = texts()
    assert len(queries) > 80
    assert {text: found for text in queries if (found := uncommon(text))} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('SELECT LAST("a") FROM "evse" SLIMIT 3', ["SLIMIT"]),
        ('SELECT INTEGRAL("a") FROM "evse"', ["INTEGRAL"]),
        ('SELECT SAMPLE("a", 3) FROM "evse"', ["SAMPLE"]),
        ('SELECT "a" INTO "b" FROM "evse"', ["INTO"]),
        ('SELECT "a" FROM "evse" GROUP BY time(1d) tz(\'Europe/Berlin\')', ["tz"]),
        ('SELECT "a" FROM "evse"; DROP SERIES', [";"]),
        ('SHOW SERIES FROM "evse"', ["SERIES"]),
        ('SELECT HOLT_WINTERS(MEAN("a"), 2, 3) FROM "evse"', ["HOLT_WINTERS"]),
        ('SELECT "a"::float FROM "evse"', [":"]),
    ],
)
def test_what_only_some_versions_have_is_noticed(text: str, found: list[str]) -> None:
    assert uncommon(text) == found
