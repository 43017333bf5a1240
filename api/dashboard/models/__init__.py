"""What pages show, made of what was read: no HTML, and no look at Redis."""
