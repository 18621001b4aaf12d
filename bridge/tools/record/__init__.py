"""`record`: messages of chargers, made anonymous."""
