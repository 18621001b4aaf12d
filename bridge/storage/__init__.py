"""The buffer on disk: the journal of points, the state file, and who commits to them."""
