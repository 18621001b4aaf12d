"""A week of a simulated fleet on a virtual clock."""
