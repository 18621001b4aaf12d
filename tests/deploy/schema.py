"""Writes the chart's schema of values: `python -m tests.deploy.schema > …/values.schema.json`.

The settings in it are the bridge's own, except for secrets and for what the chart itself decides.
"""

import json
import sys
from typing import Any

from pydantic import BaseModel

from bridge.settings import Settings, StoreSettings
from bridge.settings.tree import variable

SECRET = {"password", "token", "password_hash"}
CHARTS_OWN = {("journal", "dir"), ("web", "listen"), ("shard", "index"), ("shard", "count")}
ANY = ["string", "number", "boolean", "array", "object"]

TEXT = {"type": "string"}
SWITCH = {"type": "boolean"}
MAP = {"type": "object"}
LIST: dict[str, Any] = {"type": "array", "items": {"type": "object"}}
STRINGS = {"type": "object", "additionalProperties": TEXT}
PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
PORTS: dict[str, Any] = {"type": "array", "items": PORT}
QUANTITY = {"type": "string", "pattern": r"^[1-9][0-9]*(\.[0-9]+)?(Mi|Gi|Ti|M|G|T)$"}
DURATION = {"type": "string", "pattern": "^[1-9][0-9]*(s|m|h|d)$"}
NETWORK = {"type": "string", "pattern": "^[0-9a-fA-F.:]+/[0-9]{1,3}$"}
STORE_URL = {"type": "string", "pattern": "^https?://[^@]+$"}


def record(**names: Any) -> dict[str, Any]:
    """An object that knows these names and no others."""
    return {"type": "object", "additionalProperties": False, "properties": names}


def needs(*names: str) -> dict[str, Any]:
    """Names without which templates would stumble: Helm drops a default of the chart where a file
    has the name and nothing behind it."""
    return {"required": list(names)}


def settings() -> dict[str, Any]:
    """The sections of docs/settings.md, as far as a chart's values may hold them."""
    sections = {name: section(name) for name in Settings.model_fields}
    found = record(**{name: body for name, body in sections.items() if body["properties"]})
    found["properties"]["mqtt"]["properties"]["url"] = {
        "type": "string",
        "pattern": "^mqtts?://[^@]+$",
    }
    found["properties"]["mqtt"]["required"] = ["url"]
    http = found["properties"]["http"]
    http["properties"] |= {
        "enabled": SWITCH,
        "allow": {"type": "array", "items": NETWORK},
        "ports": {"type": "array", "items": PORT, "minItems": 1},
    }
    http["required"] = ["enabled", "ports"]
    http["if"] = {"properties": {"enabled": {"const": True}}}
    http["then"] = {"required": ["allow"], "properties": {"allow": {"minItems": 1}}}
    found["properties"]["influx"]["properties"] |= {"url": STORE_URL, "mirrors": mirrors()}
    return found | {"required": ["mqtt", "http"]}


def mirrors() -> dict[str, Any]:
    """Stores by name; a policy and a drain need the URL of each."""
    store = record(
        **{
            name: {"type": ANY, "description": about.description}
            for name, about in StoreSettings.model_fields.items()
            if name not in SECRET
        }
    )
    store["properties"]["url"] = STORE_URL
    return {
        "type": "object",
        "propertyNames": {"pattern": "^[a-z0-9][a-z0-9_-]{0,31}$"},
        "additionalProperties": store | needs("url"),
    }


def section(name: str) -> dict[str, Any]:
    model = Settings.model_fields[name].annotation
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    kept = {
        field: {"type": ANY, "description": f"{variable((name, field))}: {about.description}"}
        for field, about in model.model_fields.items()
        if field not in SECRET and (name, field) not in CHARTS_OWN
    }
    return record(**kept)


def schema() -> dict[str, Any]:
    chart = record(
        replicas={"type": "integer", "minimum": 1, "maximum": 1000},
        image=record(
            repository=TEXT | {"minLength": 1},
            tag=TEXT,
            digest={"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"},
            pullPolicy={"enum": ["Always", "IfNotPresent", "Never"]},
            pullSecrets=LIST,
        )
        | needs("repository", "pullPolicy"),
        settings=settings(),
        existingSecret=TEXT,
        persistence=record(size=QUANTITY, storageClass=TEXT) | needs("size"),
        resources=record(requests=MAP, limits=MAP) | needs("requests", "limits"),
        terminationGracePeriodSeconds={"type": "integer", "minimum": 30},
        service=record(port=PORT) | needs("port"),
        networkPolicy=record(
            **{
                "enabled": SWITCH,
                "from": LIST,
                "brokers": LIST,
                "stores": LIST,
                "brokerPorts": PORTS,
                "storePorts": PORTS,
                "extraEgress": LIST,
            }
        )
        | needs("enabled"),
        podDisruptionBudget=record(enabled=SWITCH) | needs("enabled"),
        podMonitor=record(
            enabled=SWITCH, interval=DURATION, labels=STRINGS, tlsConfig=MAP, basicAuth=MAP
        )
        | needs("enabled", "interval"),
        prometheusRule=record(enabled=SWITCH, labels=STRINGS) | needs("enabled"),
        dashboards=record(enabled=SWITCH, labels=STRINGS) | needs("enabled"),
        drain=record(enabled=SWITCH, shard={"type": "integer", "minimum": 0})
        | needs("enabled", "shard"),
        podLabels=STRINGS,
        podAnnotations=STRINGS,
        priorityClassName=TEXT,
        nodeSelector=STRINGS,
        tolerations=LIST,
        affinity=MAP,
        extraEnv=LIST,
        extraVolumes=LIST,
        extraVolumeMounts=LIST,
        # Helm's own.
        **{"global": MAP},
    )
    chart |= needs(
        "replicas", "image", "settings", "persistence", "resources",
        "terminationGracePeriodSeconds", "service", "networkPolicy", "podDisruptionBudget",
        "podMonitor", "prometheusRule", "dashboards", "drain",
    )  # fmt: skip
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": "nofos-bridge", **chart}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n")
