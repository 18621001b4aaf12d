"""`export`: writes the journal's points to standard output."""
