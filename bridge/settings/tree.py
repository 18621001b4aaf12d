"""What a source gave becomes single named values; a name that is unknown becomes a problem."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import get_args, get_origin

from pydantic import BaseModel

from bridge.core.errors import Problem
from bridge.settings.lists import mapped
from bridge.settings.parse import Wrong, number

NamePath = tuple[str, ...]
PREFIX = "NOFOS_"


@dataclass(frozen=True, slots=True)
class Given:
    """A value for a path of names; `source` tells where each path below it stands."""

    path: NamePath
    value: object
    source: Callable[[NamePath], str]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting as a source gave it, not yet parsed."""

    path: NamePath
    value: object
    source: str


@dataclass(frozen=True, slots=True)
class _Table:
    """What may stand below a name: some names, or any name (`each`).

    `lone`: one number, instead of a table, is for all names.
    """

    names: Mapping[str, object]
    each: object | None = None
    lower: bool = True
    lone: bool = False


def variable(path: NamePath) -> str:
    """The environment variable of a setting."""
    return PREFIX + "__".join(path).upper()


def spread(given: Given, shape: object) -> Iterator[Leaf | Problem]:
    """The single settings in what was given, following the shape of the models."""
    return _below(given, shape, given.path, ())


def _below(given: Given, shape: object, rest: NamePath, at: NamePath) -> Iterator[Leaf | Problem]:
    table = _table(shape)
    if table is None:
        yield from _leaf(given, rest, at)
    elif rest:
        yield from _named(given, table, rest, at)
    else:
        try:
            members = _members(given.value, table)
        except Wrong as error:
            yield Problem(".".join(at), given.source(at), error.wrong, error.remedy)
            return
        for name, value in members.items():
            yield from _named(Given((), value, given.source), table, (name,), at)


def _members(value: object, table: _Table) -> Mapping[str, object]:
    return dict.fromkeys(table.names, number(value)) if _lone(value, table) else mapped(value)


def _lone(value: object, table: _Table) -> bool:
    if isinstance(value, str):
        return table.lone and bool(value.strip()) and not {"=", "{"} & set(value)
    return table.lone and isinstance(value, int | float)


def _leaf(given: Given, rest: NamePath, at: NamePath) -> Iterator[Leaf | Problem]:
    if rest:
        path = (*at, *rest)
        wrong = "there is no such setting"
        yield Problem(".".join(path), given.source(path), wrong, _meant(at))
    else:
        yield Leaf(at, given.value, given.source(at))


def _named(given: Given, table: _Table, rest: NamePath, at: NamePath) -> Iterator[Leaf | Problem]:
    # A charger's id keeps its case; all other names have none.
    name = rest[0].lower() if table.lower else rest[0]
    shape = table.names.get(name, table.each)
    if shape is None:
        yield _unknown(given, tuple(table.names), rest, at)
    else:
        yield from _below(given, shape, rest[1:], (*at, name))


def _unknown(given: Given, known: NamePath, rest: NamePath, at: NamePath) -> Problem:
    path = (*at, *rest)
    near = get_close_matches(rest[0].lower(), known, 1, 0.0)[0]
    there = f"{'.'.join(at)} has" if at else "the sections are"
    return Problem(
        name=".".join(path),
        source=given.source(path),
        wrong="there is no such setting" if at else "there is no such section",
        remedy=f"{_meant((*at, near, *rest[1:]))} {there} {', '.join(known)}",
    )


def _meant(path: NamePath) -> str:
    in_environment = f" ({variable(path)})" if len(path) > 1 else ""
    return f"did you mean {'.'.join(path)}{in_environment}?"


def _table(shape: object) -> _Table | None:
    """What stands below a shape: a model's fields, a map's values, or nothing."""
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return _Table({name: field.annotation for name, field in shape.model_fields.items()})
    origin = get_origin(shape)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        key, value = get_args(shape)
        of = get_args(key)[0]
        if isinstance(of, type) and issubclass(of, StrEnum):
            names = dict.fromkeys((member.value for member in of), value)
            return _Table(names, lone=get_args(value)[0] is float)
        return _Table({}, value, lower=of is str)
    return None
