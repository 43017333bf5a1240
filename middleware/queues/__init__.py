"""Queues as operators see them: the policy in force, windows, pauses, and how a queue is doing now."""
