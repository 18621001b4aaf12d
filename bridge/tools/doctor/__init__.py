"""`doctor`: tests everything that the bridge needs; one line for each finding."""
