"""A look at the dashboards without Grafana: their panels' real answers, drawn in their grid."""
