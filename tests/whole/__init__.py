"""Stories of a whole bridge, with real servers around it."""
