"""How a command ends other than well: each way is an exit code and one sentence."""

from __future__ import annotations

DONE, REFUSED, USAGE, CRASHED, UNREACHABLE = 0, 1, 2, 3, 4


class Ended(Exception):
    """A command's end with a sentence for people and a code for programs."""

    exit_code = CRASHED

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Refusal(Ended):
    """The answer is no; the sentence says why and what to do."""

    exit_code = REFUSED


class Misuse(Ended):
    """The command line itself does not make sense."""

    exit_code = USAGE

    def __init__(self, sentence: str) -> None:
        super().__init__("usage", sentence)


class Crash(Ended):
    """Ours to mend."""

    exit_code = CRASHED


class Unreachable(Ended):
    """A server that the command needs does not answer."""

    exit_code = UNREACHABLE
