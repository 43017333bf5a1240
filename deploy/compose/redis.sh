#!/bin/sh
# Starts the server by deploy/redis/redis.conf, with REDIS_PASSWORD as the password of its user `lastin`.
# What differs from a server on a machine of its own stands at the end: its folders, and that others reach it.
set -eu
etc=${ETC:-/etc/lastin}
hash=$(printf %s "$REDIS_PASSWORD" | sha256sum | cut -d ' ' -f 1)
umask 077
sed "s/#0\{64\}/#$hash/" "$etc/users.acl" > "${TMPDIR:-/tmp}/users.acl"
unset REDIS_PASSWORD
exec "${SERVER:-valkey-server}" "$etc/redis.conf" --aclfile "${TMPDIR:-/tmp}/users.acl" \
	--dir "${DATA:-/data}" --bind "${BIND:-0.0.0.0}" --port "${PORT:-6379}"
