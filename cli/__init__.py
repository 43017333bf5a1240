"""The command ``lastin``: look at LastIn and steer it from a terminal, over Redis itself or over the HTTP API.

Each file in ``commands/`` is a subcommand. ``operations/`` says what each one asks for, over HTTP and of the broker;
``sources/`` are these two ways; ``output/`` is what people and programs see. Exit status: 0 done, 3 nothing to do,
1 failed, 2 bad arguments or setting.
"""
