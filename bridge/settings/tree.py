"""Flattens a source's values into single settings; an unknown name becomes a problem."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import get_args, get_origin

from pydantic import BaseModel

from bridge.core.errors import Problem
from bridge.settings.lists import parse_map
from bridge.settings.parse import InvalidValue, number

NamePath = tuple[str, ...]
PREFIX = "NOFOS_"


@dataclass(frozen=True, slots=True)
class SourceValue:
    """A value for a path of names; `source` returns the source of each path below it."""

    path: NamePath
    value: object
    source: Callable[[NamePath], str]


@dataclass(frozen=True, slots=True)
class SettingValue:
    """One setting from a source, not yet parsed."""

    path: NamePath
    value: object
    source: str


@dataclass(frozen=True, slots=True)
class _Table:
    """What is allowed below a name: some names, or any name (`each`).

    `scalar`: a single number, instead of a table, applies to all names.
    """

    names: Mapping[str, object]
    each: object | None = None
    lower: bool = True
    scalar: bool = False


def variable(path: NamePath) -> str:
    """The environment variable of a setting."""
    return PREFIX + "__".join(path).upper()


def flatten(given: SourceValue, shape: object) -> Iterator[SettingValue | Problem]:
    """The single settings in a source's value, following the structure of the models."""
    return _flatten_below(given, shape, given.path, ())


def _flatten_below(
    given: SourceValue, shape: object, rest: NamePath, at: NamePath
) -> Iterator[SettingValue | Problem]:
    table = _table(shape)
    if table is None:
        yield from _leaf(given, rest, at)
    elif rest:
        yield from _flatten_name(given, table, rest, at)
    else:
        try:
            members = _members(given.value, table)
        except InvalidValue as error:
            yield Problem(".".join(at), given.source(at), error.problem, error.remedy)
            return
        for name, value in members.items():
            yield from _flatten_name(SourceValue((), value, given.source), table, (name,), at)


def _members(value: object, table: _Table) -> Mapping[str, object]:
    return dict.fromkeys(table.names, number(value)) if _lone(value, table) else parse_map(value)


def _lone(value: object, table: _Table) -> bool:
    if isinstance(value, str):
        return table.scalar and bool(value.strip()) and not {"=", "{"} & set(value)
    return table.scalar and isinstance(value, int | float)


def _leaf(given: SourceValue, rest: NamePath, at: NamePath) -> Iterator[SettingValue | Problem]:
    if rest:
        path = (*at, *rest)
        wrong = "there is no such setting"
        yield Problem(".".join(path), given.source(path), wrong, _suggestion(at))
    else:
        yield SettingValue(at, given.value, given.source(at))


def _flatten_name(
    given: SourceValue, table: _Table, rest: NamePath, at: NamePath
) -> Iterator[SettingValue | Problem]:
    # A charger's id keeps its case; all other names have none.
    name = rest[0].lower() if table.lower else rest[0]
    shape = table.names.get(name, table.each)
    if shape is None:
        yield _unknown(given, tuple(table.names), rest, at)
    else:
        yield from _flatten_below(given, shape, rest[1:], (*at, name))


def _unknown(given: SourceValue, known: NamePath, rest: NamePath, at: NamePath) -> Problem:
    path = (*at, *rest)
    near = get_close_matches(rest[0].lower(), known, 1, 0.0)[0]
    there = f"{'.'.join(at)} has" if at else "the sections are"
    return Problem(
        name=".".join(path),
        source=given.source(path),
        wrong="there is no such setting" if at else "there is no such section",
        remedy=f"{_suggestion((*at, near, *rest[1:]))} {there} {', '.join(known)}",
    )


def _suggestion(path: NamePath) -> str:
    in_environment = f" ({variable(path)})" if len(path) > 1 else ""
    return f"did you mean {'.'.join(path)}{in_environment}?"


def _table(shape: object) -> _Table | None:
    """What is allowed below a type: a model's fields, a map's values, or nothing."""
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return _Table({name: field.annotation for name, field in shape.model_fields.items()})
    origin = get_origin(shape)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        key, value = get_args(shape)
        of = get_args(key)[0]
        if isinstance(of, type) and issubclass(of, StrEnum):
            names = dict.fromkeys((member.value for member in of), value)
            return _Table(names, scalar=get_args(value)[0] is float)
        return _Table({}, value, lower=of is str)
    return None
