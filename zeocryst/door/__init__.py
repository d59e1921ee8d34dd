"""What `import zeocryst` offers: functions that take any kind of structure, results that show themselves."""
