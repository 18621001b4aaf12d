"""What operators are woken by: alert rules as a table, and the files made from it."""
