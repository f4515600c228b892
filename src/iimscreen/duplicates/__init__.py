"""People and duplicates: pairs that wait for a decision, decisions and what they do, the audit of all of it.

`dedupe` finds duplicates by the rules of `matching`; here is what comes after it.
"""
