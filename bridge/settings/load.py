"""Loads the settings from all sources, and reports all problems at once."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bridge.core.errors import FixSettings, Problem
from bridge.settings import sources
from bridge.settings.consistency import contradictions
from bridge.settings.model import Settings
from bridge.settings.ordinal import index_from_hostname
from bridge.settings.parse import InvalidValue
from bridge.settings.tree import NamePath, SettingValue, SourceValue, flatten

Layer = dict[NamePath, SettingValue]
"""The settings from one source."""


class _Source(PydanticBaseSettingsSource):
    """A layer as a pydantic-settings source."""

    def __init__(self, settings: type[BaseSettings], layer: Layer) -> None:
        super().__init__(settings)
        self._layer = layer

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for (*above, last), leaf in self._layer.items():
            place = tree
            for name in above:
                place = place.setdefault(name, {})
            place[last] = leaf.value
        return tree


def load(config: Path | None, environ: Mapping[str, str]) -> Settings:
    """The effective settings; raises FixSettings with all problems."""
    layers, problems = _read_sources(config, environ)
    try:
        settings = _build(layers)
    except ValidationError as error:
        bad = list(_validation_problems(error, _merge(layers)))
        problems += [problem for problem, _ in bad]
        # What is left shows whether there are more problems.
        layers = [_remove(layer, [at for _, at in bad]) for layer in layers]
        settings = _build(layers)
    problems += contradictions(settings, {problem.name for problem in problems})
    if problems:
        raise FixSettings(tuple(problems))
    return settings


def _read_sources(
    config: Path | None, environ: Mapping[str, str]
) -> tuple[list[Layer], list[Problem]]:
    """The settings from each source, by descending precedence."""
    folder = sources.secrets_folder(environ)
    given = (
        sources.environment(environ),
        sources.secrets(folder) if folder else (),
        sources.toml_file(config, environ),
    )
    layers: list[Layer] = []
    problems: list[Problem] = []
    for source in given:
        layers.append(_layer(_flatten_source(source), problems))
    layers.append(_layer(index_from_hostname(_merge(layers), environ), problems))
    return layers, problems


def _flatten_source(source: Iterable[SourceValue | Problem]) -> Iterator[SettingValue | Problem]:
    for found in source:
        if isinstance(found, Problem):
            yield found
        else:
            yield from flatten(found, Settings)


def _layer(source: Iterable[SettingValue | Problem], problems: list[Problem]) -> Layer:
    """The source's settings; its problems are added to `problems`."""
    layer: Layer = {}
    for found in source:
        if isinstance(found, Problem):
            problems.append(found)
        elif found.path in layer:
            wrong = f"it is also set by {layer[found.path].source}"
            remedy = "remove one of the two"
            problems.append(Problem(".".join(found.path), found.source, wrong, remedy))
        else:
            layer[found.path] = found
    return layer


def _merge(layers: Iterable[Layer]) -> Layer:
    """The effective value of each setting, by precedence of the layers."""
    winners: Layer = {}
    for layer in layers:
        winners = layer | winners
    return winners


def _remove(layer: Layer, bad: list[NamePath]) -> Layer:
    return {path: leaf for path, leaf in layer.items() if not any(_overlap(path, at) for at in bad)}


def _overlap(path: NamePath, at: NamePath) -> bool:
    """Whether one path is equal to, or below, the other."""
    return path[: len(at)] == at[: len(path)]


def _build(layers: list[Layer]) -> Settings:
    class Loaded(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: object, **__: object
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return tuple(_Source(settings_cls, layer) for layer in layers)

    settings = Loaded()
    settings._sources = {".".join(path): leaf.source for path, leaf in _merge(layers).items()}
    return settings


def _validation_problems(
    error: ValidationError, known: Layer
) -> Iterator[tuple[Problem, NamePath]]:
    """Each value that its parser rejected, and its path."""
    for details in error.errors(include_input=False, include_url=False):
        loc = tuple(str(part) for part in details["loc"] if part != "[key]")
        source = next(leaf.source for path, leaf in known.items() if _overlap(path, loc))
        wrong = details.get("ctx", {}).get("error")
        if not isinstance(wrong, InvalidValue):
            wrong = InvalidValue("the value is invalid", "see the table of settings")
        yield Problem(".".join(loc), source, wrong.problem, wrong.remedy), loc
