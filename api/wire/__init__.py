"""How this API speaks HTTP, whatever is asked: requests are read strictly, traced, logged and waited for; answers and
problem documents are written.
"""
