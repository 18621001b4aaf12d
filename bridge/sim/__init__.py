"""Simulated chargers; nothing here is shared with the bridge proper."""
