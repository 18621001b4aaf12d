"""The alert rules as a table, and the files generated from it."""
