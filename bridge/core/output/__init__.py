"""What the core produces: line protocol, time stamps, batches, exposed series."""
