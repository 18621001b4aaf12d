"""Which charger is polled when, at which address, and how a request can end."""
