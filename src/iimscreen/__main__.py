"""`iimscreen` and `python -m iimscreen`."""

import sys


def main() -> None:
    """Run the command line."""
    try:
        from iimscreen.cli import app
    except KeyboardInterrupt:  # Ctrl-C while the program was still loading
        sys.exit(130)
    app()


if __name__ == "__main__":
    main()
