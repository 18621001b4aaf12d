"""Builds one bridge from its settings, runs it, and drains it."""
