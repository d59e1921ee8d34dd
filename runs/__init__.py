"""The shipped conditions: one folder each, with a ``condition.toml`` and a README that says what it shows."""
