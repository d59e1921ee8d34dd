"""The shipped conditions: a folder each, with ``condition.toml`` and a README of what it shows."""
