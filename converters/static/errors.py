"""What every reader raises for a file that is not what it should be."""


class Unreadable(ValueError):
    """A file that is cut short, damaged, too large or of another kind; the message says which."""
