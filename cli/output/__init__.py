"""What commands print: tables and lines for people, JSON for programs. None of it can steer a terminal."""
