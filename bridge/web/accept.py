"""What a client accepts: lists with quality values (RFC 9110, sections 12.4.2 and 12.5)."""

import re
from collections.abc import Iterator

_QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether gzip is acceptable, and not less than the plain text."""
    quality = dict(qualities(accept_encoding))
    others = quality.get("*", 0.0)
    gzip = quality.get("gzip", quality.get("x-gzip", others))
    return gzip > 0 and gzip >= quality.get("identity", 0.0)


def qualities(header: str) -> Iterator[tuple[str, float]]:
    """Each member in lower case, and its quality: 1 without one, 0 for an invalid one."""
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name:
            yield name, _quality(parameters)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return float(value) if _QUALITY.fullmatch(value := value.strip()) else 0.0
    return 1.0
