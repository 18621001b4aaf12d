"""The schema of the chart's values names what is wrong with them."""

import copy
import json
from typing import Any

import jsonschema
import pytest
import yaml

from tests.deploy.render import CASES, CHART, cases
from tests.deploy.schema import schema

NOT_KNOWN = "Additional properties are not allowed"


def values(case: str) -> dict[str, Any]:
    """What Helm sees: the chart's values with those of a case laid over them."""
    plain: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    over: dict[str, Any] = yaml.safe_load(
        (CASES / f"{case}-values.yaml").read_text(encoding="utf-8")
    )
    return laid(plain, over)


def laid(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(under)
    for name, value in over.items():
        old = found.get(name)
        nested = isinstance(value, dict) and isinstance(old, dict)
        found[name] = laid(found[name], value) if nested else value
    return found


def complaints(wrong: dict[str, Any]) -> list[str]:
    """What the chart's schema says of values laid over the default ones."""
    checker = jsonschema.Draft7Validator(schema())
    found = sorted(checker.iter_errors(laid(values("default"), wrong)), key=str)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in found]


@pytest.mark.parametrize("case", cases())
def test_the_schema_takes_every_case(case: str) -> None:
    jsonschema.validate(values(case), schema())


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"replicas": 0}, "replicas: 0 is less than the minimum of 1"),
        ({"replica": 2}, ": Additional properties are not allowed ('replica' was unexpected)"),
        ({"settings": {"http": {"enabled": True}}}, "settings.http.allow: [] should be non-empty"),
        (
            {"settings": {"http": {"enabled": True, "allow": ["192.168.0.0"]}}},
            "settings.http.allow.0: '192.168.0.0' does not match '^[0-9a-fA-F.:]+/[0-9]{1,3}$'",
        ),
        (
            {"settings": {"mqtt": {"password": "x"}}},
            "settings.mqtt: Additional properties are not allowed ('password' was unexpected)",
        ),
        (
            {"settings": {"mqtt": {"url": "mqtt://user:x@broker"}}},
            "settings.mqtt.url: 'mqtt://user:x@broker' does not match '^mqtts?://[^@]+$'",
        ),
        (
            {"settings": {"mqtt": {"keep_alive": 30}}},
            "settings.mqtt: Additional properties are not allowed ('keep_alive' was unexpected)",
        ),
        (
            {"terminationGracePeriodSeconds": 10},
            "terminationGracePeriodSeconds: 10 is less than the minimum of 30",
        ),
        (
            {"settings": {"influx": {"url": "influxdb:8086"}}},
            "settings.influx.url: 'influxdb:8086' does not match '^https?://[^@]+$'",
        ),
        (
            {"settings": {"influx": {"mirrors": {"backup": {"bucket": "chargers"}}}}},
            "settings.influx.mirrors.backup: 'url' is a required property",
        ),
        (
            {"settings": {"influx": {"mirrors": {"Off-site": {"url": "http://b"}}}}},
            "settings.influx.mirrors: 'Off-site' does not match '^[a-z0-9][a-z0-9_-]{0,31}$'",
        ),
        (
            {"settings": {"influx": {"mirrors": {"b": {"url": "http://b", "token": "x"}}}}},
            f"settings.influx.mirrors.b: {NOT_KNOWN} ('token' was unexpected)",
        ),
    ],
)
def test_a_wrong_value_is_named(wrong: dict[str, Any], complaint: str) -> None:
    assert complaints(wrong) == [complaint]


@pytest.mark.parametrize(
    "left_empty",
    [
        "replicas", "image", "settings", "persistence", "resources", "service", "networkPolicy",
        "podDisruptionBudget", "podMonitor", "prometheusRule", "dashboards", "drain",
        "terminationGracePeriodSeconds",
    ],
)  # fmt: skip
def test_a_value_that_is_left_empty_is_named(left_empty: str) -> None:
    """Helm drops a default where the operator's file has the name and nothing below it."""
    seen = values("default")
    del seen[left_empty]
    (error,) = jsonschema.Draft7Validator(schema()).iter_errors(seen)
    assert error.message == f"{left_empty!r} is a required property"


def test_the_schema_is_fresh() -> None:
    text = (CHART / "values.schema.json").read_text(encoding="utf-8")
    assert json.loads(text) == schema(), (
        "python -m tests.deploy.schema > deploy/helm/nofos-bridge/values.schema.json"
    )
