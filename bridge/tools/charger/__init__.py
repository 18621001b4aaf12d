"""`query`, and single requests of commands to a charger."""
