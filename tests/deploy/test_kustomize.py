"""What kubectl itself makes of the overlays."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.render import KUSTOMIZE, RENDERED, kubectl_kustomize, overlays, to_keep


@pytest.mark.parametrize("overlay", overlays())
def test_kubectl_makes_what_is_kept(overlay: str) -> None:
    kept = (RENDERED / f"kustomize-{overlay}.yaml").read_text(encoding="utf-8")
    made = kubectl_kustomize(KUSTOMIZE / "overlays" / overlay)
    assert to_keep(f"kustomize-{overlay}", made) == kept


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The tree of kustomize, to be spoiled."""
    shutil.copytree(KUSTOMIZE, tmp_path / "deploy" / "kustomize")
    shutil.copytree(KUSTOMIZE.parent.parent / "grafana", tmp_path / "grafana")
    return tmp_path / "deploy" / "kustomize"


def test_another_number_of_replicas_is_noticed(copied: Path) -> None:
    overlay = copied / "overlays" / "shards"
    before = kubectl_kustomize(overlay)
    file = overlay / "kustomization.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("count: 3", "count: 4"), encoding="utf-8")
    assert kubectl_kustomize(overlay) != before


def test_a_patch_of_what_there_is_not_is_noticed(copied: Path) -> None:
    (copied / "base" / "networkpolicy.yaml").unlink()
    with pytest.raises(subprocess.CalledProcessError) as error:
        kubectl_kustomize(copied / "overlays" / "depot")
    assert "networkpolicy.yaml" in error.value.stderr
