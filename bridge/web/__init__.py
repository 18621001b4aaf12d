"""What people and Prometheus see over HTTP."""
