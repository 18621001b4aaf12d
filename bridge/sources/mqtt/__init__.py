"""The connection to the MQTT broker; the only place of the bridge that imports paho."""
