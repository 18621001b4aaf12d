"""Renders chart and overlays with helm and kustomize: `python -m tests.deploy.render` writes them.

The chart is the one truth. The base of kustomize is made from it, with its default values; the
overlays are patches, and must come out as the chart does with the values of the same name. What
comes out is kept in tests/deploy/rendered, with a sum over its sources: most tests read it there.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.parts import DEPLOY, documents
from tests.kit.root import ROOT

CHART = DEPLOY / "helm" / "nofos-bridge"
CASES = CHART / "ci"
KUSTOMIZE = DEPLOY / "kustomize"
RENDERED = ROOT / "tests" / "deploy" / "rendered"
BINARIES = ROOT / ".cache" / "go" / "bin"
"""What `make check-deploy` builds."""
FETCHED = ROOT / ".cache" / "kubernetes"
"""kubectl and helm for `make test`."""
NAME = "nofos-bridge"
NAMESPACE = "telemetry"
KUBERNETES = "1.34.0"
HELMS_OWN = {"app.kubernetes.io/managed-by", "helm.sh/chart", "checksum/settings"}
BASE_FILES = {
    "StatefulSet": "statefulset",
    "Service": "service",
    "NetworkPolicy": "networkpolicy",
    "PodDisruptionBudget": "poddisruptionbudget",
    "ServiceAccount": "serviceaccount",
}
# What components take of the chart, and the values for it.
COMPONENT_FILES = (
    ("monitoring/podmonitor.yaml", "podmonitor", "podMonitor.enabled=true"),
    (
        "drain/job.yaml",
        "drain",
        "drain.enabled=true,drain.shard=1,settings.influx.url=http://influxdb:8086",
    ),
)
GENERATED = "# Made from the chart by `make manifests`; do not edit.\n"

Document = dict[str, Any]


def cases() -> list[str]:
    """The names of the chart's values files."""
    return sorted(path.name.removesuffix("-values.yaml") for path in CASES.glob("*-values.yaml"))


def overlays() -> list[str]:
    return sorted(path.parent.name for path in KUSTOMIZE.glob("overlays/*/kustomization.yaml"))


def binary(name: str) -> str:
    """A tool that `make check-deploy` builds or `make test` fetches, else one that is installed."""
    places = os.pathsep.join([str(BINARIES), str(FETCHED), os.environ["PATH"]])
    found = shutil.which(name, path=places)
    assert found, f"{name} is not installed: `make check-deploy` does that"
    return found


def helm(*arguments: str | Path, release: str = NAME) -> str:
    """What `helm template` says of the chart. Raises CalledProcessError with its complaint."""
    fixed: list[str | Path] = [
        "template",
        release,
        CHART,
        "--namespace",
        NAMESPACE,
        "--kube-version",
        KUBERNETES,
    ]
    return _said(binary("helm"), *fixed, *arguments)


def chart(case: str) -> str:
    return helm("--values", CASES / f"{case}-values.yaml")


def kustomize(folder: Path) -> str:
    return _said(binary("kustomize"), "build", folder)


def kubectl_kustomize(folder: Path) -> str:
    """The same by kubectl. Raises CalledProcessError with its complaint."""
    return _said(binary("kubectl"), "kustomize", folder)


def _said(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def read(text: str) -> list[Document]:
    return [each for each in yaml.load_all(text, Loader=yaml.CSafeLoader) if each]


def written(*found: Document) -> str:
    return yaml.safe_dump_all(found, sort_keys=False, width=100)


def others(document: Document) -> bool:
    """Whether it is a copy of rules or dashboards, which are made and tested elsewhere."""
    name = document["metadata"]["name"]
    return document["kind"] == "PrometheusRule" or "-dashboard" in name


def sources(target: str) -> Iterator[Path]:
    """The files that decide on what is rendered."""
    kind, _, name = target.partition("-")
    if kind == "helm":
        yield CASES / f"{name}-values.yaml"
        yield from (CHART / each for each in ("Chart.yaml", "values.yaml"))
        yield from sorted((CHART / "templates").iterdir())
    else:
        yield from (
            path for path in sorted(KUSTOMIZE.rglob("*"))
            if path.is_file() and path.name != "prometheusrule.yaml"
        )  # fmt: skip


def summed(target: str) -> str:
    """The line at the head of a rendered file."""
    digest = hashlib.sha256()
    for path in sources(target):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return f"# sha256 of its sources: {digest.hexdigest()}\n"


def bare(document: Document) -> Document:
    """Without what only Helm knows."""
    metas = [document["metadata"]]
    template = document.get("spec", {}).get("template")
    if template:
        metas.append(template["metadata"])
    for meta in metas:
        for part in ("labels", "annotations"):
            kept = {key: v for key, v in meta.get(part, {}).items() if key not in HELMS_OWN}
            meta.pop(part, None)
            if kept:
                meta[part] = kept
    return document


def base() -> dict[Path, str]:
    """The files of kustomize that the chart decides on."""
    found: dict[Path, str] = {}
    for each in map(bare, read(chart("default"))):
        if each["kind"] == "ConfigMap":
            (settings,) = each["data"].values()
            found[KUSTOMIZE / "base" / "nofos-bridge.toml"] = GENERATED + settings
        else:
            tail = each["metadata"]["name"].removeprefix(NAME)
            path = KUSTOMIZE / "base" / f"{BASE_FILES[each['kind']]}{tail}.yaml"
            found[path] = GENERATED + written(each)
    for name, template, settings in COMPONENT_FILES:
        output = helm("--set", settings, "--show-only", f"templates/{template}.yaml")
        found[KUSTOMIZE / "components" / name] = GENERATED + written(*map(bare, read(output)))
    return found


def rendered() -> dict[Path, str]:
    """What comes out, for each case and each overlay."""
    texts = {f"helm-{case}": chart(case) for case in cases()}
    texts |= {f"kustomize-{name}": kustomize(KUSTOMIZE / "overlays" / name) for name in overlays()}
    return {RENDERED / f"{target}.yaml": to_keep(target, text) for target, text in texts.items()}


def to_keep(target: str, text: str) -> str:
    """What tests/deploy/rendered has of it."""
    return summed(target) + written(*(each for each in read(text) if not others(each)))


def write(files: Mapping[Path, str]) -> None:
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def kept() -> dict[str, list[Document]]:
    """What tests/deploy/rendered holds, by the file's name."""
    return {path.stem: list(documents(path)) for path in sorted(RENDERED.glob("*.yaml"))}


if __name__ == "__main__":
    write(base())
    write(rendered())
