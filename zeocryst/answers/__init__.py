"""What is asked of structures that are there: which framework, which numbers over time, which atoms."""
