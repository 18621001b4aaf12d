"""What the bridge costs and how fast it is, beside what users would take instead."""
