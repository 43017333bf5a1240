"""The connection to Redis: its URL and TLS, its timeouts, what its errors mean, and how long a command is repeated."""
