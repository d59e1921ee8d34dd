"""What everything stands on: the computer, its signals and streams, compiled functions, small files of text."""
