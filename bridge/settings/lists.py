"""Parses lists and maps, from the short form, JSON or TOML."""

import json

from bridge.settings.parse import InvalidValue


def parse_list(value: object) -> list[object]:
    """`a,b`, a JSON list or a TOML list; a single number is a list of one."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _json(value)
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, list):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return [value]
    raise InvalidValue("it is not a list", 'write a,b or ["a", "b"]')


def parse_map(value: object) -> dict[str, object]:
    """`k=v,k2=v2`, a JSON object or a TOML table; errors never repeat its values."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = _json(value)
    if isinstance(value, str):
        return dict(_pair(part) for part in value.split(",") if part.strip())
    if isinstance(value, dict):
        return value
    raise InvalidValue("it is not a table", 'write k=v,k2=v2 or {"k": "v"}')


def _pair(part: str) -> tuple[str, object]:
    key, equals, value = part.partition("=")
    if not equals or not key.strip():
        raise InvalidValue("a part of it is not key=value", 'write k=v,k2=v2 or {"k": "v"}')
    return key.strip(), value.strip()


def _json(value: str) -> object:
    try:
        parsed: object = json.loads(value)
    except json.JSONDecodeError as error:
        raise InvalidValue(
            f"it is not JSON at character {error.pos + 1}", "correct the JSON"
        ) from None
    except (ValueError, RecursionError):
        raise InvalidValue("it is not JSON that can be read", "correct the JSON") from None
    return parsed
