"""`iimscreen` and `python -m iimscreen`."""

from iimscreen.cli import app


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
