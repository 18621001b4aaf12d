"""When and at which address each charger is polled, and how a request can end."""
