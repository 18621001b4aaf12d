"""One charger's telemetry: its newest values, its open frame, its presence."""
