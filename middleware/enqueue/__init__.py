"""From a message to an accepted job: what it must fulfil, when it falls due, and requests that are sent twice."""
