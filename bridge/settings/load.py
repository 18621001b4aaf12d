"""Settings are read from all sources at once, and so are all their problems told at once."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bridge.core.errors import FixSettings, Problem
from bridge.settings import sources
from bridge.settings.model import Settings
from bridge.settings.ordinal import ordinal
from bridge.settings.parse import Wrong
from bridge.settings.together import contradictions
from bridge.settings.tree import Given, Leaf, NamePath, spread

Layer = dict[NamePath, Leaf]
"""What one source gives."""


class _Source(PydanticBaseSettingsSource):
    """A layer in the form in which pydantic-settings takes it."""

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
    """The settings that hold; raises FixSettings with every problem there is."""
    layers, problems = _read(config, environ)
    try:
        settings = _build(layers)
    except ValidationError as error:
        bad = list(_faults(error, _first(layers)))
        problems += [problem for problem, _ in bad]
        # What is left shows whether there are more problems.
        layers = [_without(layer, [at for _, at in bad]) for layer in layers]
        settings = _build(layers)
    problems += contradictions(settings, {problem.name for problem in problems})
    if problems:
        raise FixSettings(tuple(problems))
    return settings


def _read(config: Path | None, environ: Mapping[str, str]) -> tuple[list[Layer], list[Problem]]:
    """What each source gives, the first to win first."""
    folder = sources.secrets_folder(environ)
    given = (
        sources.environment(environ),
        sources.secrets(folder) if folder else (),
        sources.toml(config, environ),
    )
    layers: list[Layer] = []
    problems: list[Problem] = []
    for source in given:
        layers.append(_layer(_spread(source), problems))
    layers.append(_layer(ordinal(_first(layers), environ), problems))
    return layers, problems


def _spread(source: Iterable[Given | Problem]) -> Iterator[Leaf | Problem]:
    for found in source:
        if isinstance(found, Problem):
            yield found
        else:
            yield from spread(found, Settings)


def _layer(source: Iterable[Leaf | Problem], problems: list[Problem]) -> Layer:
    """The source's settings; its problems go to `problems`."""
    layer: Layer = {}
    for found in source:
        if isinstance(found, Problem):
            problems.append(found)
        elif found.path in layer:
            wrong = f"it is also given by {layer[found.path].source}"
            remedy = "keep one of the two"
            problems.append(Problem(".".join(found.path), found.source, wrong, remedy))
        else:
            layer[found.path] = found
    return layer


def _first(layers: Iterable[Layer]) -> Layer:
    """What wins, of all layers."""
    winners: Layer = {}
    for layer in layers:
        winners = layer | winners
    return winners


def _without(layer: Layer, bad: list[NamePath]) -> Layer:
    return {path: leaf for path, leaf in layer.items() if not any(_touch(path, at) for at in bad)}


def _touch(path: NamePath, at: NamePath) -> bool:
    """Whether one is, or stands below, the other."""
    return path[: len(at)] == at[: len(path)]


def _build(layers: list[Layer]) -> Settings:
    class Loaded(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: object, **__: object
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return tuple(_Source(settings_cls, layer) for layer in layers)

    settings = Loaded()
    settings._sources = {".".join(path): leaf.source for path, leaf in _first(layers).items()}
    return settings


def _faults(error: ValidationError, known: Layer) -> Iterator[tuple[Problem, NamePath]]:
    """Each value that its parser refused, and where it stands."""
    for details in error.errors(include_input=False, include_url=False):
        loc = tuple(str(part) for part in details["loc"] if part != "[key]")
        source = next(leaf.source for path, leaf in known.items() if _touch(path, loc))
        wrong = details.get("ctx", {}).get("error")
        if not isinstance(wrong, Wrong):
            wrong = Wrong("it is not what is expected here", "see the table of settings")
        yield Problem(".".join(loc), source, wrong.wrong, wrong.remedy), loc
