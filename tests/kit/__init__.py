"""What tests share: helpers, stand-ins, real servers."""
