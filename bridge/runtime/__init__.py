"""What keeps the turns of the event loop short, and the clock."""
