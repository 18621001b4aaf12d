"""What the tests of the settings share."""

from pathlib import Path

import pytest

from bridge.core.errors import FixSettings, Problem
from bridge.settings import Settings, load


def given(**environ: str) -> Settings:
    """Settings from `NOFOS_…` variables named without the prefix."""
    return load(None, {f"NOFOS_{name}": value for name, value in environ.items()})


def from_toml(folder: Path, text: str, **environ: str) -> Settings:
    """Settings from a file in `folder`, below those of the environment."""
    config = folder / "bridge.toml"
    config.write_text(text)
    return load(config, {f"NOFOS_{name}": value for name, value in environ.items()})


def secrets_in(folder: Path, **files: str) -> Path:
    """A secrets folder."""
    secrets = folder / "secrets"
    secrets.mkdir()
    for name, text in files.items():
        (secrets / name).write_text(text)
    return secrets


def problems(**environ: str) -> list[Problem]:
    """What is wrong with settings that must not be good."""
    with pytest.raises(FixSettings) as caught:
        given(**environ)
    return list(caught.value.problems)


def problem(**environ: str) -> Problem:
    """The only thing that is wrong."""
    (only,) = problems(**environ)
    return only


def only_problem(config: Path | None, environ: dict[str, str]) -> Problem:
    """The only thing that is wrong, with a file and variables under their whole names."""
    with pytest.raises(FixSettings) as caught:
        load(config, environ)
    (only,) = caught.value.problems
    return only
