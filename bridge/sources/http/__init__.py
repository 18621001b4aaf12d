"""Requests to chargers' web servers."""
