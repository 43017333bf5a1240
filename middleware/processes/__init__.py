"""The processes of LastIn: the registry of those that are alive, and the maintenance that each of them does."""
