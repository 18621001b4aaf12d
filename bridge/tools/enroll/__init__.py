"""`enroll`: gives a charger its MQTT settings and waits for its announcement."""
