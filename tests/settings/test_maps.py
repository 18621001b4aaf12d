"""Maps are given as a whole or member by member, from any source."""

from pathlib import Path

import pytest

from bridge.core.model import Dialect
from tests.kit.settings import from_toml, given, problem, secrets_in


def test_tags_are_given_together_or_one_by_one_or_in_the_file(tmp_path: Path) -> None:
    settings = from_toml(
        tmp_path,
        '[influx.tags]\nRegion = "south"\nowner = "city"\n',
        INFLUX__TAGS="region=north,depot=1",
        INFLUX__TAGS__Floor="2",
    )
    assert settings.influx.tags == {
        "region": "north",
        "depot": "1",
        "floor": "2",
        "owner": "city",
    }
    assert settings.source_of("influx.tags.region") == "environment NOFOS_INFLUX__TAGS"
    assert settings.source_of("influx.tags.owner").endswith("bridge.toml [influx.tags] owner")
    assert "environment NOFOS_INFLUX__TAGS__Floor" in settings.source_of("influx.tags")


def test_a_charger_id_keeps_its_case_in_a_value_and_in_the_file(tmp_path: Path) -> None:
    settings = from_toml(
        tmp_path, '[fleet.dialects]\n"CD:34" = "ancestor"\n', FLEET__DIALECTS="AB12=openevse"
    )
    assert settings.fleet.dialects == {"AB12": Dialect.OPENEVSE, "CD:34": Dialect.ANCESTOR}


def test_a_charger_id_in_a_variable_name_is_lower_case() -> None:
    settings = given(FLEET__DIALECTS__AB12="openevse")
    assert settings.fleet.dialects == {"ab12": Dialect.OPENEVSE}


def test_a_map_from_dialects_is_given_in_every_form(tmp_path: Path) -> None:
    settings = from_toml(
        tmp_path,
        "[fleet]\ntemperature_scale = {nofos = 1, openevse = 0.5}\n",
        FLEET__TEMPERATURE_SCALE="ancestor=0.1",
        FLEET__TEMPERATURE_SCALE__OPENEVSE="0.2",
    )
    assert settings.fleet.temperature_scale == {
        Dialect.NOFOS: 1.0, Dialect.ANCESTOR: 0.1, Dialect.OPENEVSE: 0.2,
    }  # fmt: skip


@pytest.mark.parametrize("text", ["temperature_scale = 1", 'temperature_scale = "1.0"'])
def test_one_number_is_for_all_dialects(tmp_path: Path, text: str) -> None:
    settings = from_toml(tmp_path, f"[fleet]\n{text}\n", FLEET__TEMPERATURE_SCALE__NOFOS="2")
    assert settings.fleet.temperature_scale == {
        Dialect.NOFOS: 2.0, Dialect.ANCESTOR: 1.0, Dialect.OPENEVSE: 1.0,
    }  # fmt: skip


def test_without_a_temperature_scale_none_is_set() -> None:
    assert given(FLEET__TEMPERATURE_SCALE="").fleet.temperature_scale == {}


@pytest.mark.parametrize(
    ("text", "name", "wrong"),
    [
        ("warm", "fleet.temperature_scale", '"warm" is not a number above 0'),
        ("0,1", "fleet.temperature_scale", '"0,1" is not a number above 0'),
        ("nofos=0", "fleet.temperature_scale.nofos", '"0" is not a number above 0'),
        ("nofus=1", "fleet.temperature_scale.nofus", "there is no such setting"),
    ],
)
def test_a_wrong_map_from_dialects_is_told(text: str, name: str, wrong: str) -> None:
    found = problem(FLEET__TEMPERATURE_SCALE=text)
    assert (found.name, found.wrong) == (name, wrong)


def test_a_map_from_other_keys_takes_no_lone_number() -> None:
    assert problem(FLEET__DIALECTS="1").wrong == "a part of it is not key=value"


def test_a_mirror_comes_from_several_sources(tmp_path: Path) -> None:
    folder = secrets_in(tmp_path, influx__mirrors__backup__token="hunter2\n")
    settings = from_toml(
        tmp_path,
        '[influx]\nurl = "http://a:8086"\nbucket = "b"\n[influx.mirrors.Backup]\nbucket = "c"\n',
        SECRETS_DIR=str(folder),
        INFLUX__MIRRORS__BACKUP__URL="http://backup:8086/",
        INFLUX__MIRRORS__BACKUP__TAGS="copy=yes",
    )
    backup = settings.influx.mirrors["backup"]
    assert backup.url == "http://backup:8086"
    assert backup.bucket == "c"
    assert backup.token is not None
    assert backup.token.get_secret_value() == "hunter2"
    assert backup.tags == {"copy": "yes"}
    assert backup.batch == 5000


def test_mirrors_are_also_given_as_json() -> None:
    settings = given(
        INFLUX__URL="http://a",
        INFLUX__BUCKET="b",
        INFLUX__MIRRORS='{"backup": {"url": "http://c", "bucket": "d", "tags": {"x": "1"}}}',
    )
    assert settings.influx.mirrors["backup"].tags == {"x": "1"}


def test_a_setting_given_twice_in_one_source_is_wrong() -> None:
    only = problem(INFLUX__TAGS="a=1", INFLUX__TAGS__A="2")
    assert only.name == "influx.tags.a"
    assert "NOFOS_INFLUX__TAGS" in only.wrong
