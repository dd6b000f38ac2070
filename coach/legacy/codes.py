"""Why a record is rejected or in conflict, and what stands in the way of an attachment's bytes: every code there is.

The reasons go with a code, each with its place; never contents.
"""

from dataclasses import dataclass

from django.db.models import TextChoices


class Code(TextChoices):
    """The code of a finding. Its value stands in reports, reject files and the ledger; its label is for people."""

    # Rejected: the record itself.
    NOT_JSON = "not_json", "not a JSON value; NaN, infinities and lone surrogates are none"
    NOT_AN_OBJECT = "not_an_object", "a value that is not a record"
    NOT_A_LIST = "not_a_list", "a learner's records are not a list"
    INVALID = "invalid", "members are missing or of the wrong kind; each is named"
    NUL_CHARACTER = "nul_character", "a text holds U+0000, which PostgreSQL cannot store"
    TOO_DEEP = "too_deep", "nested more than 64 levels deep"
    TOO_LARGE = "too_large", "more than 16 MiB"
    REPEATED_KEY = "repeated_key", "a member name occurs twice in one object"
    REPEATED_NOTE = "repeated_note", "two notes of a learner have the same id"
    UNUSABLE_USERNAME = "unusable_username", "blank, too long, or with characters that no username may hold"
    UNREADABLE_LINE = "unreadable_line", "a line of a reject file that is not a rejected record"
    # Rejected: among the others.
    REPEATED_IN_INPUT = "repeated_in_input", "an earlier record of the input has the same key and counts"
    UNKNOWN_LEARNER = "unknown_learner", "there is no learner of that name"
    OTHER_LEARNER = "other_learner", "the id belongs to another learner"
    ERASED = "erased", "the learner was erased; --restore-erased brings such learners back"
    REFUSED_BY_DATABASE = "refused_by_database", "a constraint of the database; it is named"
    # In conflict.
    BOTH_MOVED = "both_moved", "changed in the store and here since the last import"
    NOT_IMPORTED = "not_imported", "the row here was not imported, and differs from the store's record"
    # Updated: a conflict that was decided for the store.
    OVERWRITTEN = "overwritten", "a conflict that --on-conflict overwrite decided"
    CHOSEN = "chosen", "a conflict that staff decided member by member"
    # The bytes of an attachment.
    UNSAFE_PATH = "unsafe_path", "the path leads out of the attachments folder"
    MISSING_FILE = "missing_file", "the bytes cannot be read"
    OTHER_SIZE = "other_size", "the file has another size than the record says; it is copied"
    OTHER_BYTES = "other_bytes", "the storage holds other bytes than the folder, or none"


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
