"""The commands of docs/deploy.md, typed into a real API server: what Helm says, and what is there.

No node: what waits for a pod is not typed.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.deploy.cluster import TOKEN, ApiServer, Etcd
from tests.deploy.parts import DEPLOY
from tests.deploy.render import BINARIES, NAMESPACE
from tests.kit.root import ROOT

DOCS = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
INSTALLED = f"nofos-bridge deploy/helm/nofos-bridge --namespace {NAMESPACE} --values values.yaml"
DRAIN = "job.batch/nofos-bridge-drain-2"


def typed(heading: str) -> str:
    """The first block of commands below a heading of docs/deploy.md."""
    block = DOCS.split(f"\n## {heading}\n")[1].split("```sh\n")[1]
    return block.split("```")[0]


class Desk:
    """A folder in which commands are typed, as from the repository's own."""

    def __init__(self, folder: Path, api: ApiServer) -> None:
        (folder / "deploy").symlink_to(DEPLOY)
        self._folder = folder
        self._config = folder / "kubeconfig"
        cluster = {"server": api.url, "insecure-skip-tls-verify": True}
        self._config.write_text(
            yaml.safe_dump({
                "clusters": [{"name": "a", "cluster": cluster}],
                "users": [{"name": "a", "user": {"token": TOKEN}}],
                "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
                "current-context": "a",
            })
        )  # fmt: skip

    def type(self, commands: str) -> str:
        """What they print. Fails where one of them does."""
        environ = {
            "PATH": f"{BINARIES}:{os.environ['PATH']}", "HOME": str(self._folder),
            "KUBECONFIG": str(self._config),
        }  # fmt: skip
        done = subprocess.run(
            ["sh", "-eu", "-c", commands], cwd=self._folder, env=environ,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def there(self, kinds: str) -> set[str]:
        return set(self.type(f"kubectl --namespace {NAMESPACE} get {kinds} -o name").split())


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """With the bridge installed by the commands of the docs; `notes` has what Helm said."""
    folder = tmp_path_factory.mktemp("cluster")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(BINARIES), prepend=":")
        with Etcd(folder) as etcd, ApiServer(folder, etcd) as api:
            yield Desk(tmp_path_factory.mktemp("desk"), api)


@pytest.fixture(scope="session")
def notes(desk: Desk) -> str:
    """What Helm says once the commands of the docs were typed."""
    before_pods, waits, _ = typed("Kubernetes in five minutes").partition(
        f"kubectl --namespace {NAMESPACE} rollout status"
    )
    assert waits
    return desk.type(before_pods)


def test_the_five_minutes_leave_a_bridge(desk: Desk, notes: str) -> None:
    assert "STATUS: deployed" in notes
    assert desk.there("statefulset,service,networkpolicy,poddisruptionbudget,configmap,secret") >= {
        "statefulset.apps/nofos-bridge",
        "service/nofos-bridge",
        "service/nofos-bridge-pods",
        "networkpolicy.networking.k8s.io/nofos-bridge",
        "poddisruptionbudget.policy/nofos-bridge",
        "configmap/nofos-bridge",
        "secret/nofos-bridge",
    }
    spec = "{.spec.template.spec}"
    command = f"kubectl -n {NAMESPACE} get statefulset nofos-bridge -o jsonpath='{spec}'"
    assert '"secretName":"nofos-bridge"' in desk.type(command)


def test_the_namespace_of_the_five_minutes_is_restricted(desk: Desk, notes: str) -> None:
    pod = f"kubectl -n {NAMESPACE} run root --image a --dry-run=server"
    with pytest.raises(AssertionError, match='violates PodSecurity "restricted:latest"'):
        desk.type(pod)


def test_the_notes_type_what_the_docs_type(notes: str) -> None:
    suggested = re.findall(r"^  (kubectl .*)$", notes, flags=re.MULTILINE)
    assert suggested == [
        "kubectl --namespace telemetry rollout status statefulset/nofos-bridge",
        "kubectl --namespace telemetry exec nofos-bridge-0 -- nofos-bridge doctor",
        "kubectl --namespace telemetry port-forward service/nofos-bridge 9876:9876",
        "kubectl --namespace telemetry logs nofos-bridge-0",
    ]
    for line in suggested[:2]:
        assert line in typed("Kubernetes in five minutes")
    assert "There is no store" not in notes
    assert "No passwords" not in notes


def test_a_replica_less_drains_its_volume(desk: Desk, notes: str) -> None:
    lines = typed("Fewer replicas").replace("helm upgrade …", f"helm upgrade {INSTALLED}")
    order = lines.splitlines()
    fewer, drained, done = (line for line in order if line.startswith("helm"))
    (gone,) = (line for line in order if "--for=delete pod/nofos-bridge-2" in line)
    # Before the Job looks at the volume, the pod has written its last.
    assert order.index(fewer) < order.index(gone) < order.index(drained)
    desk.type(f"{fewer}\n{gone}")
    assert desk.there("job") == set()
    assert f"{DRAIN.removeprefix('job.batch/')}\n" in desk.type(drained) + "\n"
    assert desk.there("job") == {DRAIN}
    # One that failed is started again so.
    desk.type(f"kubectl --namespace {NAMESPACE} delete job/nofos-bridge-drain-2\n{drained}")
    assert desk.there("job") == {DRAIN}
    desk.type(done)
    assert desk.there("job") == set()
    assert desk.there("statefulset") == {"statefulset.apps/nofos-bridge"}


def test_helm_names_what_is_missing(desk: Desk, notes: str) -> None:
    output = desk.type(
        "helm install bare deploy/helm/nofos-bridge --dry-run=server --namespace other"
    )
    assert "name a Secret in existingSecret" in output
    assert "There is no store: set settings.influx" in output
    assert "Chargers are not polled" in output


def test_helm_names_the_page_as_it_is_served(desk: Desk, notes: str) -> None:
    values = "--values deploy/helm/nofos-bridge/ci/page-values.yaml --set podMonitor.enabled=false"
    output = desk.type(
        f"helm install page deploy/helm/nofos-bridge {values} --dry-run=server --namespace other"
    )
    assert "https://127.0.0.1:9876/" in output
    assert "http://127.0.0.1:9876/" in notes
