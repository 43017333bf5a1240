"""How requests come in: whole, before a thread is taken for them (docs/decisions/0020)."""
