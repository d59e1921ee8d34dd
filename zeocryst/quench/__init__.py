"""The quench: a frame without its heat, and what it changed; `relax` does it, `rooms` and `change` serve it."""
