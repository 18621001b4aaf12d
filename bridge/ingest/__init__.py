"""Turns messages and replies into calls on the core, and carries out what follows."""
