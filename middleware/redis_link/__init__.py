"""The connection to Redis: its address, the way to the primary, timeouts, errors, how long a command is repeated."""
