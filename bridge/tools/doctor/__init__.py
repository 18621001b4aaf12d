"""`doctor`: tries everything that a bridge needs for real, a line each."""
