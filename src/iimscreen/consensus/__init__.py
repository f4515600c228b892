"""What two extractors come to: compared, settled, and how far they agreed. Nothing of it before both are done."""
