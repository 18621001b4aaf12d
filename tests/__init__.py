"""The tests, one fact each."""
