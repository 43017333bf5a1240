"""What LastIn says to Redis: every key, the layout of what is packed there, the Lua scripts, and one method for each
script."""
