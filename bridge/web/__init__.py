"""The web server: fleet page, metrics, probes and the JSON API."""
