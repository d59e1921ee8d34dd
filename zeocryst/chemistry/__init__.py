"""From the atoms of a file to the sites of a framework: which are T, which join them, what is left out."""
