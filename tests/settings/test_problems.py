"""Wrong settings are told all at once, with name, source and remedy, without secrets."""

from pathlib import Path

import pytest
import trustme

from bridge.core.errors import FixSettings
from bridge.core.model import ChargerId
from bridge.web.login import hash_password
from tests.kit.settings import from_toml, given, problem, problems


@pytest.mark.parametrize(
    ("variable", "name", "meant"),
    [
        ("MQTT__PASWORD", "mqtt.pasword", "mqtt.password (NOFOS_MQTT__PASSWORD)"),
        ("MQTT__USER", "mqtt.user", "mqtt.username (NOFOS_MQTT__USERNAME)"),
        ("MQTT__", "mqtt.", "mqtt."),
        ("MQQT__URL", "mqqt.url", "mqtt.url (NOFOS_MQTT__URL)"),
        ("INFLUXDB__TOKEN", "influxdb.token", "influx.token (NOFOS_INFLUX__TOKEN)"),
        ("MQTT__URL__HOST", "mqtt.url.host", "mqtt.url (NOFOS_MQTT__URL)"),
        ("INFLUX__MIRRORS__B__URI", "influx.mirrors.b.uri", "influx.mirrors.b.url"),
        ("__URL", ".url", "did you mean"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(variable: str, name: str, meant: str) -> None:
    only = problem(**{variable: "hunter2"})
    assert only.name == name
    assert only.source == f"environment NOFOS_{variable}"
    assert meant in only.remedy
    assert "hunter2" not in f"{only}"


def test_an_unknown_name_lists_what_there_is() -> None:
    assert "shard has index, count" in problem(SHARD__X="1").remedy


def test_an_unknown_section_of_the_file_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(FixSettings) as caught:
        from_toml(tmp_path, '[infux]\nurl = "x"\n')
    (only,) = caught.value.problems
    assert only.name == "infux"
    assert "did you mean influx?" in only.remedy


def test_a_section_of_the_file_must_be_a_table(tmp_path: Path) -> None:
    with pytest.raises(FixSettings) as caught:
        from_toml(tmp_path, "mqtt = 5\n")
    (only,) = caught.value.problems
    assert (only.name, only.wrong) == ("mqtt", "it is not a table")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    found = problems(
        MQTT__URL="nonsense",
        MQTT__PASWORD="x",
        HTTP__TIMEOUT="x",
        WEB__USERNAME="me",
        SECRETS_DIR=str(tmp_path / "none"),
        CONFIG=str(tmp_path / "none.toml"),
        INFLUX__URL="http://store",
        INFLUX__TAGS="charger=1,good=2",
        SHARD__INDEX="4",
    )
    assert {problem.name for problem in found} == {
        "mqtt.url",
        "mqtt.pasword",
        "http.timeout",
        "web.password_hash",
        "secrets folder",
        "settings file",
        "influx.bucket",
        "influx.tags.charger",
        "shard.index",
    }


@pytest.mark.parametrize(
    ("given_alone", "missing"),
    [
        ("WEB__USERNAME", "web.password_hash"),
        ("WEB__PASSWORD_HASH", "web.username"),
    ],
)
def test_a_login_needs_both_halves(given_alone: str, missing: str) -> None:
    only = problem(**{given_alone: "scrypt$hunter2hunter2$hunter2hunter2"})
    assert only.name == missing
    assert "hunter2" not in f"{only}"


def test_a_password_hash_that_is_none_is_told_with_how_to_make_one() -> None:
    only = problem(WEB__USERNAME="ops", WEB__PASSWORD_HASH="hunter2")
    assert only.name == "web.password_hash"
    assert "python -m bridge.web.login" in only.remedy
    assert "hunter2" not in f"{only}"


def test_a_hash_that_the_login_makes_is_good() -> None:
    assert given(WEB__USERNAME="ops", WEB__PASSWORD_HASH=hash_password("x")).web.username == "ops"


@pytest.mark.parametrize("name", ["MQTT__CA_FILE", "HTTP__CA_FILE", "INFLUX__CA_FILE"])
def test_an_authority_that_tls_cannot_use_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "x.pem").write_text("x")
    only = problem(**{name: str(tmp_path / "x.pem")})
    assert only.name == name.lower().replace("__", ".")
    assert "no usable certificate" in only.wrong


@pytest.mark.parametrize("section", ["WEB", "MQTT"])
def test_a_certificate_and_a_key_that_do_not_belong_together_are_told(
    tmp_path: Path, section: str
) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    trustme.CA().issue_cert("a").cert_chain_pems[0].write_to_path(cert)
    trustme.CA().issue_cert("a").private_key_pem.write_to_path(key)
    settings = {f"{section}__CERT_FILE": str(cert), f"{section}__KEY_FILE": str(key)}
    assert problem(**settings).name == f"{section.lower()}.cert_file"


@pytest.mark.parametrize("section", ["WEB", "MQTT"])
@pytest.mark.parametrize(("one", "other"), [("CERT", "key"), ("KEY", "cert")])
def test_a_certificate_needs_its_key(tmp_path: Path, section: str, one: str, other: str) -> None:
    (tmp_path / "x.pem").write_text("x")
    only = problem(**{f"{section}__{one}_FILE": str(tmp_path / "x.pem")})
    assert only.name == f"{section.lower()}.{other}_file"


def test_a_half_that_is_itself_wrong_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("x")
    key, missing = str(tmp_path / "x.pem"), str(tmp_path / "none")
    assert problem(MQTT__KEY_FILE=key, MQTT__CERT_FILE=missing).name == "mqtt.cert_file"
    assert problem(MQTT__KEY_FILE=missing, MQTT__CERT_FILE=key).name == "mqtt.key_file"


def test_a_store_needs_a_bucket() -> None:
    assert problem(INFLUX__URL="http://store").name == "influx.bucket"


def test_a_store_needs_neither_organisation_nor_token() -> None:
    assert given(INFLUX__URL="http://store", INFLUX__BUCKET="b").influx.org is None


def test_a_mirror_needs_url_and_bucket() -> None:
    found = problems(INFLUX__URL="http://store", INFLUX__BUCKET="b", INFLUX__MIRRORS__B__ORG="x")
    assert [one.name for one in found] == ["influx.mirrors.b.url", "influx.mirrors.b.bucket"]


def test_a_mirror_needs_a_main_store() -> None:
    only = problem(INFLUX__MIRRORS__B__URL="http://b", INFLUX__MIRRORS__B__BUCKET="b")
    assert only.name == "influx.url"


@pytest.mark.parametrize("name", ["MAIN", "A.B", "ä"])
def test_a_mirror_needs_a_name_of_its_own(name: str) -> None:
    (only,) = {one.name for one in problems(**{f"INFLUX__MIRRORS__{name}__URL": "http://b"})}
    assert only == f"influx.mirrors.{name.lower()}"


def test_an_index_must_be_below_the_count() -> None:
    only = problem(SHARD__INDEX="2", SHARD__COUNT="2")
    assert only.name == "shard.index"
    assert "from 0 to 1" in only.remedy


def test_an_index_is_not_compared_with_a_wrong_count() -> None:
    assert problem(SHARD__INDEX="2", SHARD__COUNT="x").name == "shard.count"


def test_a_near_choice_is_suggested() -> None:
    assert problem(FLEET__DIALECT="nofs").remedy.endswith("did you mean nofos?")


def test_dialects_may_hold_any_charger_id() -> None:
    fleet = given(FLEET__DIALECTS='{"a:b.c-d_1": "openevse"}').fleet
    assert list(fleet.dialects) == [ChargerId("a:b.c-d_1")]


@pytest.mark.parametrize(
    "variable",
    ["MQTT__PASSWORD", "HTTP__PASSWORD", "INFLUX__TOKEN", "WEB__PASSWORD_HASH"],
)
def test_a_secret_that_is_no_text_is_not_repeated(variable: str) -> None:
    found = problems(**{variable: "hunter2\0", "WEB__USERNAME": "me"})
    assert "hunter2" not in f"{found}"
    assert "hunter2" not in str(FixSettings(tuple(found)))
