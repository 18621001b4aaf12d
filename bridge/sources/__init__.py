"""The sources of telemetry: MQTT and HTTP."""
