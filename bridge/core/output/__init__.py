"""What the core produces: line protocol, timestamps, batches, exposed series."""
