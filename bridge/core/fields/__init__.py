"""The catalogue of fields, and how text and documents become values."""
