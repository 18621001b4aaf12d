"""Where samples go."""
