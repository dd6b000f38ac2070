"""Why a record cannot be imported: a code, and the reasons with their places; never contents."""

from dataclasses import dataclass

from coach.legacy.codes import Code


@dataclass(frozen=True)
class Fault:
    """One reason why a record is rejected, and where in the record it lies."""

    path: str
    reason: str
    type: str = ""

    def to_object(self) -> dict[str, object]:
        return {"path": self.path, "reason": self.reason, "type": self.type}


class Unfit(Exception):
    """The record is to be rejected."""

    def __init__(self, code: Code, *faults: Fault) -> None:
        super().__init__(code)
        self.code, self.faults = code, faults
