"""What only HTTP reports of a charger's gateway: boots, crashes, trips, configuration."""
