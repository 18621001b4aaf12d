"""The effective settings as text, one row each, without secrets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from bridge.settings.model import Settings
from bridge.settings.parse import BYTES

UNSET = "unset"
_LARGEST_FIRST = sorted(
    ((count, unit.upper().replace("I", "i")) for unit, count in BYTES.items() if unit),
    key=lambda pair: -pair[0],
)


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """One effective setting: name, value as text, source."""

    name: str
    value: str
    source: str


def effective_settings(settings: Settings) -> list[EffectiveSetting]:
    """Every setting in the order of the sections; secrets are only `set` or `unset`."""
    return [
        EffectiveSetting(name, value, settings.source_of(name))
        for name, value in _flatten_section(settings, "")
    ]


def _flatten_section(model: BaseModel, above: str) -> Iterator[tuple[str, str]]:
    for name, field in type(model).model_fields.items():
        path, value = f"{above}{name}", getattr(model, name)
        if is_secret(field):
            yield path, UNSET if value is None else "set"
        else:
            yield from _flatten_value(path, value)


def _flatten_value(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, BaseModel):
        yield from _flatten_section(value, f"{path}.")
    elif isinstance(value, Mapping) and value:
        for key, member in value.items():
            yield from _flatten_value(f"{path}.{key}", member)
    else:
        yield path, format_value(path, value)


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting's value is a secret."""
    return field.annotation == (SecretStr | None)


def format_value(name: str, value: object) -> str:
    """A value in the format of environment variables."""
    match value:
        case None:
            return UNSET
        case bool():
            return "true" if value else "false"
        case timedelta():
            return _duration(value)
        case int() if name.endswith("_bytes"):
            return _size(value)
        case float():
            return f"{value:g}"
        case StrEnum():
            return value.value
        case Path() if not value.is_absolute():
            return f"./{value}"
        case tuple() | Mapping():
            return ",".join(map(str, value)) or "none"
        case _:
            return str(value)


def _duration(span: timedelta) -> str:
    seconds = span.total_seconds()
    if not seconds:
        return "0s"
    for unit, length in (("d", 86400), ("h", 3600)):
        if seconds % length == 0:
            return f"{seconds // length:.0f}{unit}"
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


def _size(count: int) -> str:
    for length, unit in _LARGEST_FIRST:
        if count % length == 0:
            return f"{count // length}{unit}"
    return str(count)
