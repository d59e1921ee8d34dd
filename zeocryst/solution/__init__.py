"""Where a run starts: crystals, melts, frames of the user's."""
