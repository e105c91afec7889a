"""The one exception by which a conversion says no."""


class Refused(Exception):
    """This model cannot take this route; its owner reads the sentence.

    Anything else that is raised in a child is a crash, and ours to mend.

    Attributes:
        code: stable, lower-case, listed in docs/errors.md; programs branch on it.
        sentence: what is wrong with the model and what its owner can do.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
