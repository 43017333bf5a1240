"""What the cadence says about a queue, and what comes of it: policies, windows as Redis keeps them, commands on both,
the bound of a wait that follows, and what the schedulers have read of the file.
"""
