"""Which chargers exist, and below which base topic each one publishes."""
