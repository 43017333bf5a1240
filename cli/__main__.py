"""``lastin``, and ``python -m cli`` where that script isn't there."""

from __future__ import annotations

from .root import lastin


def main() -> None:
    """Run the command line; it ends the process."""
    lastin.main(prog_name="lastin")


if __name__ == "__main__":
    main()
