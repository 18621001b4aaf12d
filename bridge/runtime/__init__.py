"""Short turns of the event loop, and the clock."""
