"""The files on disk: the journal of points, the state file, and the committer."""
