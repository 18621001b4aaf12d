"""Sizes as Kubernetes and compose write them."""

import re

_UNITS = {"Mi": 2**20, "Gi": 2**30, "m": 2**20, "g": 2**30}
_SIZE = re.compile(r"(\d+)([a-zA-Z]+)")


def size(text: str) -> int:
    """A size such as `512Mi` or `1g`, in bytes."""
    found = _SIZE.fullmatch(text)
    assert found, f"{text!r} is not a size"
    return int(found[1]) * _UNITS[found[2]]
