"""`replay`: sends the journal's points to a store again."""
