"""The Grafana dashboards: what they show, and the JSON that Grafana reads."""
