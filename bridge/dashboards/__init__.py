"""The Grafana dashboards and their JSON."""
