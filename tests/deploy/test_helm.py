"""What helm itself makes of the chart, and how it refuses wrong values.

`make test` asks Helm 4, from tests/kubernetes.lock; `make check-deploy` Helm 3, which it builds.
"""

import subprocess

import pytest

from tests.deploy.render import CASES, RENDERED, base, cases, chart, helm, read, to_keep

NO_ROOM = "leaves no room beside settings.journal.max_bytes,"


@pytest.mark.parametrize("case", cases())
def test_helm_makes_what_is_kept(case: str) -> None:
    kept = (RENDERED / f"helm-{case}.yaml").read_text(encoding="utf-8")
    assert to_keep(f"helm-{case}", chart(case)) == kept


def test_the_base_of_kustomize_is_what_helm_makes() -> None:
    for path, text in base().items():
        assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("replicas=0", "at '/replicas': minimum: got 0, want 1"),
        ("settings.http.enabled=true", "at '/settings/http/allow': minItems: got 0, want 1"),
        ("settings.mqtt.pasword=x", "additional properties 'pasword' not allowed"),
        ("drain.enabled=true", "drain.shard: replica 0 still runs; drain one from 1 on"),
        ("persistence.size=2G", f"{NO_ROOM} 2GB"),
        ("settings.journal.max_bytes=20GB", f"{NO_ROOM} 20GB"),
        ("settings.journal.max_bytes=4294967296", f"{NO_ROOM} 4294967296"),
        ("networkPolicy.storePorts={http}", "at '/networkPolicy/storePorts/0': got string"),
        ("persistence=null", "missing property 'persistence'"),
        ("settings.influx.url=influxdb:8086", "at '/settings/influx/url': 'influxdb:8086'"),
        ("settings.influx.mirrors=backup", "at '/settings/influx/mirrors': got string"),
    ],
)
def test_helm_refuses_a_wrong_value_in_words(setting: str, message: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as error:
        helm("--set", setting)
    assert message in error.value.stderr


@pytest.mark.parametrize("most", ["4GB", "4095MiB", "4.1 GB", "1gib", "4294967295"])
def test_a_journal_that_fits_is_taken(most: str) -> None:
    assert "max_bytes" in helm("--set", f"settings.journal.max_bytes={most}")


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ("depot", "depot-nofos-bridge"),
        ("nofos-bridge-north", "nofos-bridge-north"),
        ("depot.north", "depot-north-nofos-bridge"),
        ("2nd", "nofos-bridge-2nd"),
        ("a" * 53, "a" * 52),
        (f"{'a' * 51}-b", "a" * 51),
    ],
)
def test_every_release_has_names_that_kubernetes_takes(release: str, name: str) -> None:
    """A Service's begins with a letter; a replica's sum, 11 characters more, has room for 63."""
    found = read(helm("--values", CASES / "drain-values.yaml", release=release))
    names = {each["metadata"]["name"] for each in found}
    assert names == {name, f"{name}-pods", f"{name}-drain-2"}


def test_a_drain_without_a_store_is_refused() -> None:
    with pytest.raises(subprocess.CalledProcessError) as error:
        helm("--set", "drain.enabled=true,drain.shard=1")
    assert "drain: there is no store: set settings.influx.url" in error.value.stderr
