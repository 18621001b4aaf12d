"""The energy total after a kill: from the state file, and from later points of the journal."""

from collections.abc import Sequence

from bridge.core.charging.deliverable import MOST_SESSION_WH
from bridge.core.counters import Growth, ResetProof
from bridge.core.model import SavedState

# How much it can rise at a time is what can have been delivered; the burst bounds only what a
# controller that was reset can have counted unheard.
ENERGY = Growth(per_second=0, burst=MOST_SESSION_WH, slack=1)
JOURNALED = "energy_journaled"
"""The member of a charger's state that says that its total is not lower than any journaled one."""


def with_journaled(saved: SavedState, readings: Sequence[tuple[float, float]]) -> SavedState:
    """The saved state, continued from journaled totals: (value, total), newest first."""
    if not readings:
        return saved
    energy = ResetProof.restored(ENERGY, saved.get("energy"))
    energy.continue_from(readings)
    return {**saved, "energy": energy.saved(), JOURNALED: True}
