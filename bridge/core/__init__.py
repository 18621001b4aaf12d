"""Decisions without I/O: no clock, no sockets, no logging."""
