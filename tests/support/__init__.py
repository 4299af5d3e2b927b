"""What several test modules share: `from support import ...`."""
