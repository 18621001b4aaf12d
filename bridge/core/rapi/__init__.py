"""Read-only queries to a charger's controller, and the meaning of the replies."""
