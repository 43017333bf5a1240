"""Groups of commands that list when nothing else is said: ``lastin jobs --queue mail`` is ``lastin jobs list …``."""

from __future__ import annotations

import click

LIST = "list"


class ListingGroup(click.Group):
    """A group whose command ``list`` may be left out."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options of the group itself are only those that ask for help."""
        is_list = args and args[0].startswith("-") and args[0] not in ctx.help_option_names
        if is_list or not (args or ctx.resilient_parsing):
            args = [LIST, *args]
        return super().parse_args(ctx, args)
