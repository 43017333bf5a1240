"""The pages, one module each: what a request asks for, and what it is shown."""
