"""What happened: the vocabulary of events, and the door through which they come in."""
