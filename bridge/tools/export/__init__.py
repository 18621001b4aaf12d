"""`export`: what the journal and the state file hold, to standard output."""
