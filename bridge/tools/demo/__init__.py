"""`demo`: an embedded broker, simulated chargers, the bridge and its page."""
