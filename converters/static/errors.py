"""What every reader raises for a file that is not what it should be."""


class Unreadable(ValueError):
    """A file that is cut short, damaged, too large or of another kind; the message says which."""


class TooLarge(Unreadable):
    """A file that may be good and is larger than what is read without loading it."""
