-- With maxmemory reached, a script may write on after a first write that frees: so a full server can be drained.
redis.call('ZREM', K.leases, '')
