"""What is wrong with rendered documents: pods that want too much, names that point nowhere."""

from collections.abc import Iterator
from typing import Any

from tests.deploy.render import Document

# The Pod Security Standard "restricted": https://kubernetes.io/docs/concepts/security/
VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
    "projected", "secret",
}  # fmt: skip


def workloads(found: list[Document]) -> list[Document]:
    return [each for each in found if each["kind"] in ("StatefulSet", "Job")]


def of_kind(found: list[Document], kind: str) -> list[Document]:
    return [each for each in found if each["kind"] == kind]


def pod(workload: Document) -> Document:
    spec: Document = workload["spec"]["template"]["spec"]
    return spec


def containers(found: list[Document]) -> list[Document]:
    """Those of every pod."""
    return [container for each in workloads(found) for container in pod(each)["containers"]]


def unrestricted(spec: Document) -> Iterator[str]:
    """What keeps a pod out of a namespace that enforces `restricted`."""
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            yield name
    for volume in spec.get("volumes", []):
        yield from (f"volume {kind}" for kind in volume.keys() - {"name"} - VOLUMES)
    general = spec.get("securityContext", {})
    if general.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield "seccompProfile"
    for each in [*spec["containers"], *spec.get("initContainers", [])]:
        own = general | each.get("securityContext", {})
        if own.get("runAsNonRoot") is not True:
            yield "runAsNonRoot"
        if own.get("runAsUser") == 0:
            yield "runAsUser"
        if own.get("privileged"):
            yield "privileged"
        if own.get("allowPrivilegeEscalation") is not False:
            yield "allowPrivilegeEscalation"
        if own.get("capabilities") != {"drop": ["ALL"]}:
            yield "capabilities"
        yield from ("hostPort" for port in each.get("ports", []) if "hostPort" in port)


def loose_ends(found: list[Document]) -> Iterator[str]:
    """Names and labels that point at nothing."""
    names = {(each["kind"], each["metadata"]["name"]) for each in found}
    for each in workloads(found):
        spec = pod(each)
        given = {volume["name"] for volume in spec["volumes"]}
        given |= {
            claim["metadata"]["name"] for claim in each["spec"].get("volumeClaimTemplates", [])
        }
        mounts = [mount for own in spec["containers"] for mount in own["volumeMounts"]]
        yield from (f"volume {mount['name']}" for mount in mounts if mount["name"] not in given)
        (settings,) = (each for each in spec["volumes"] if each["name"] == "settings")
        if ("ConfigMap", settings["configMap"]["name"]) not in names:
            yield "configMap"
        if ("ServiceAccount", spec["serviceAccountName"]) not in names:
            yield "serviceAccountName"
    for each in of_kind(found, "StatefulSet"):
        labels = each["spec"]["template"]["metadata"]["labels"].items()
        ports = {port["name"] for port in pod(each)["containers"][0]["ports"]}
        if ("Service", each["spec"]["serviceName"]) not in names:
            yield "serviceName"
        for other in found:
            selector = selected(other)
            if selector is not None and not selector.items() <= labels:
                yield f"selector of {other['kind']}"
            yield from (f"port {name}" for name in asked(other) - ports)


def selected(document: Document) -> dict[str, str] | None:
    """The labels by which a document chooses pods."""
    spec = document.get("spec", {})
    chosen: dict[str, str] | None
    match document["kind"]:
        case "Service":
            chosen = spec["selector"]
        case "StatefulSet" | "PodDisruptionBudget" | "PodMonitor":
            chosen = spec["selector"]["matchLabels"]
        case "NetworkPolicy":
            chosen = spec["podSelector"]["matchLabels"]
        case _:
            chosen = None
    return chosen


def asked(document: Document) -> set[Any]:
    """The names of ports that a document counts on."""
    spec = document.get("spec", {})
    match document["kind"]:
        case "Service":
            return {port["targetPort"] for port in spec["ports"]}
        case "PodMonitor":
            return {end["port"] for end in spec["podMetricsEndpoints"]}
        case "NetworkPolicy":
            return {port["port"] for rule in spec["ingress"] for port in rule["ports"]}
    return set()


def millis(cpu: str) -> int:
    return int(cpu.removesuffix("m")) if cpu.endswith("m") else int(cpu) * 1000
