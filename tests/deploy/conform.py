"""kubeconform, and the schemas of Kubernetes and of the Prometheus operator that it needs."""

import json
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

from tests.deploy.render import KUBERNETES, Document, binary, read, written
from tests.kit.root import ROOT

CRDS = ROOT / ".cache" / "go" / "crds"
SCHEMAS = Path(str(files("kubernetes_validate"))) / (
    f"kubernetes-json-schema/v{KUBERNETES}-local-strict"
)
KINDS = (
    "configmap-v1.json", "job-batch-v1.json", "networkpolicy-networking-v1.json",
    "poddisruptionbudget-policy-v1.json", "service-v1.json", "serviceaccount-v1.json",
    "statefulset-apps-v1.json",
)  # fmt: skip


def schemas_in(folder: Path) -> Path:
    """Kubernetes' schemas and the operator's, which know no further names, in one folder."""
    definitions = json.loads(whole("_definitions.json"))
    for name in KINDS:
        one = json.loads(whole(name)) | definitions
        (folder / name).write_text(json.dumps(one), encoding="utf-8")
    for kind in ("podmonitor", "prometheusrule"):
        (path,) = CRDS.glob(f"*_{kind}s.yaml")
        (definition,) = read(path.read_text(encoding="utf-8"))
        (version,) = definition["spec"]["versions"]
        closed = strict(version["schema"]["openAPIV3Schema"])
        target = folder / f"{kind}-monitoring-{version['name']}.json"
        target.write_text(json.dumps(closed), encoding="utf-8")
    return folder


def whole(name: str) -> str:
    """A schema whose references stay in its own file, since kubeconform follows no others."""
    return (SCHEMAS / name).read_text(encoding="utf-8").replace("/api/_definitions.json#", "#")


def strict(schema: Any) -> Any:
    """Objects know the names of their properties alone, as the API server drops all others."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: strict(value) for name, value in schema.items()}
    if isinstance(found.get("properties"), dict) and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


def kubeconform(folder: Path, schemas: Path, *found: Document) -> tuple[int, str]:
    path = folder / "documents.yaml"
    path.write_text(written(*found), encoding="utf-8")
    place = f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    done = subprocess.run(
        [binary("kubeconform"), "-strict", "-summary", "-kubernetes-version", KUBERNETES,
         "-schema-location", place, str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr
