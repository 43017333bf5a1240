"""The jobs that are there: reading one or a list, by filters; waiting for their end; cancelling or retrying many
at once."""
