"""Al and other atoms in the places of Si, and what balances their charge."""
