"""What commands ask for: each function names a path of the HTTP API, and what stands behind it in the broker.

So the answer is the same from both sources. Nothing heavy is imported before the broker is asked.
"""
