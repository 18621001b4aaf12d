"""Read-only queries to a charger's controller, and what their answers mean."""
