"""Force fields as data: one TOML file each, with its source. Read by `zeocryst.model.forcefield`."""
