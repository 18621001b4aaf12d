"""What `make check-deploy` asks of helm, kustomize, kubeconform and kube-score, built with Go."""

import copy
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.conform import kubeconform, schemas_in
from tests.deploy.parts import ask
from tests.deploy.pods import of_kind, workloads
from tests.deploy.render import (
    CASES,
    CHART,
    KUBERNETES,
    KUSTOMIZE,
    Document,
    base,
    binary,
    cases,
    chart,
    kustomize,
    others,
    overlays,
    read,
    rendered,
    written,
)  # fmt: skip
from tests.kit.root import ROOT

TARGETS = [f"helm-{case}" for case in cases()] + [f"kustomize-{name}" for name in overlays()]
# Tags are whole versions, or digests: pulling each time buys nothing, and a registry that is away
# would keep pods from starting.
NOT_ASKED = ("--ignore-test", "container-image-pull-policy")


@pytest.fixture(scope="session")
def all_of_it() -> dict[str, list[Document]]:
    """What comes out now, with rules and dashboards."""
    found = {f"helm-{case}": read(chart(case)) for case in cases()}
    return found | {
        f"kustomize-{name}": read(kustomize(KUSTOMIZE / "overlays" / name)) for name in overlays()
    }


@pytest.fixture(scope="session")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return schemas_in(tmp_path_factory.mktemp("schemas"))


def kube_score(folder: Path, *found: Document) -> tuple[int, str]:
    path = folder / "documents.yaml"
    path.write_text(written(*found), encoding="utf-8")
    command = [binary("kube-score"), "score", *NOT_ASKED, "--output-format", "ci", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_what_is_kept_is_what_comes_out() -> None:
    stale = [
        str(path.relative_to(ROOT))
        for path, text in (base() | rendered()).items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "`make manifests`, then commit"


@pytest.mark.parametrize("case", cases())
def test_helm_lints(case: str) -> None:
    values = ("--values", CASES / f"{case}-values.yaml")
    code, output = lint(CHART, *values)
    assert code == 0, output


def lint(folder: Path, *arguments: str | Path) -> tuple[int, str]:
    fixed = [binary("helm"), "lint", "--strict", "--kube-version", KUBERNETES]
    command = [*fixed, str(folder), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_helm_notices_a_template_that_does_not_render(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_bytes((CHART / "Chart.yaml").read_bytes())
    (tmp_path / "templates" / "a.yaml").write_text("a: {{ .Values.b.c }}\n", encoding="utf-8")
    assert lint(tmp_path)[0] == 1


@pytest.mark.parametrize("target", TARGETS)
def test_kubeconform_takes_every_document(
    target: str, all_of_it: dict[str, list[Document]], schemas: Path, tmp_path: Path
) -> None:
    found = all_of_it[target]
    code, output = kubeconform(tmp_path, schemas, *found)
    assert code == 0, output
    assert f"{len(found)} resources found" in output
    assert "Skipped: 0" in output


@pytest.mark.parametrize("kind", ["PodMonitor", "PrometheusRule", "StatefulSet"])
def test_kubeconform_notices_a_name_that_there_is_not(
    kind: str, all_of_it: dict[str, list[Document]], schemas: Path, tmp_path: Path
) -> None:
    (worse,) = of_kind(copy.deepcopy(all_of_it["helm-shards"]), kind)
    worse["spec"]["selectors"] = {}
    code, output = kubeconform(tmp_path, schemas, worse)
    assert code == 1
    assert "selectors" in output


@pytest.mark.parametrize("target", TARGETS)
def test_kube_score_finds_nothing_critical(
    target: str, all_of_it: dict[str, list[Document]], tmp_path: Path
) -> None:
    code, output = kube_score(tmp_path, *all_of_it[target])
    assert re.findall(r"^\[CRITICAL\].*", output, flags=re.MULTILINE) == []
    assert code == 0, output


def test_kube_score_notices_what_is_critical(
    all_of_it: dict[str, list[Document]], tmp_path: Path
) -> None:
    found = copy.deepcopy(all_of_it["helm-default"])
    (bridge,) = workloads(found)
    del bridge["spec"]["template"]["spec"]["containers"][0]["resources"]
    code, output = kube_score(tmp_path, *found)
    assert code == 1
    assert "[CRITICAL]" in output


def test_promtool_takes_the_rules_of_chart_and_component(
    all_of_it: dict[str, list[Document]], tmp_path: Path
) -> None:
    (one,) = of_kind(all_of_it["helm-shards"], "PrometheusRule")
    (other,) = of_kind(all_of_it["kustomize-shards"], "PrometheusRule")
    assert one["spec"] == other["spec"]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump(one["spec"]), encoding="utf-8")
    code, output = ask("promtool", "check", "rules", path)
    assert code == 0, output


def test_chart_and_component_bring_the_same_dashboards(
    all_of_it: dict[str, list[Document]],
) -> None:
    def dashboards(target: str) -> dict[str, Any]:
        maps = of_kind(list(filter(others, all_of_it[target])), "ConfigMap")
        return {each["metadata"]["name"]: parsed(each["data"]) for each in maps}

    def parsed(data: dict[str, str]) -> dict[str, Any]:
        return {name: json.loads(text) for name, text in data.items()}

    assert dashboards("helm-shards") == dashboards("kustomize-shards")
