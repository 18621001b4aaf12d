"""Turns messages and replies into calls of the core, and carries out its decisions."""
