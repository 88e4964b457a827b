"""What to say, and how a card is made. Standard library only; no clock, file, network or log."""
