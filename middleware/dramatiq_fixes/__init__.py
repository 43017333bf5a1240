"""What we mend of Dramatiq's worker and broker. Each module names the upstream behaviour that it replaces, and why."""
