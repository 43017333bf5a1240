"""Why things are as they are, in words and in data: why a job doesn't run, when it may start, why nothing is consumed.

What bears on a job is read at one moment (``circumstances.py``); the rest works on that alone, without Redis.
"""
