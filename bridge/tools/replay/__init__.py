"""`replay`: the journal's points into a store again."""
