"""The subcommands, a file each: ``command`` in it is what ``lastin <its name>`` runs. Nothing else needs to know it."""
