"""Rules about the project's own files."""
