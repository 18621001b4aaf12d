"""What an operator calls a charger: its alias and its site."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Labels:
    """Empty where the operator gave none."""

    alias: str = ""
    site: str = ""


UNLABELLED = Labels()
