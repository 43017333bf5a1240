"""Inside a worker process: its idle threads, the desks where they get jobs, the deliveries in their hands, their ends.

Dramatiq's consumers (``consumer.py``) and the broker (``crew.py``) work with what is here; nothing here knows them.
"""
