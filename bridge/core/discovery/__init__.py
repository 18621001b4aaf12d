"""Which chargers there are, and under which base topic each one publishes."""
