"""The review file, and all SQL. `open_review` is the way in; one module per noun."""

from iimscreen.store.connection import Review, create_review, open_review

__all__ = ["Review", "create_review", "open_review"]
