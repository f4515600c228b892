"""A capsule: the whole review in one file that others can verify and go on from. Written, verified, opened.

It never holds full texts, only their hashes.
"""

from iimscreen.capsules.verifying import Verified, open_into, verify
from iimscreen.capsules.writing import Written, write

__all__ = ["Verified", "Written", "open_into", "verify", "write"]
