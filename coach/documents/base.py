"""What every document shares: its base class and the types of its members.

Pydantic and the standard library only; nothing of Django, nothing of the rest of the app.
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

# Whole numbers are kept in 64-bit columns and pass through JSON libraries that know no more.
LARGEST_WHOLE = 2**63 - 1
# Minutes, days and counts that stand in 32-bit columns.
LARGEST_COUNT = 2**31 - 1


def utc_now() -> dt.datetime:
    """The present instant, aware, in UTC: the default of every time a store leaves out."""
    return dt.datetime.now(dt.UTC)


def in_utc(instant: dt.datetime) -> dt.datetime:
    """The same instant in UTC; a time without an offset is UTC already.

    Raises ValueError for an instant that UTC cannot spell (year 0 or 10000).
    """
    if instant.tzinfo is None:
        return instant.replace(tzinfo=dt.UTC)
    try:
        return instant.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("the instant lies outside the years 1 to 9999 in UTC") from None


# Names that are looked up; the bound keeps an index entry below what every database takes.
LONGEST_IDENTIFIER = 255
Identifier = Annotated[str, Field(max_length=LONGEST_IDENTIFIER)]

# The validation context of a legacy store's records, where the contract names times as text alone.
STORED = {"stored": True}
_NUMBER = re.compile(r"\s*[-+]?[0-9]*\.?[0-9]*\s*")


def _refuse_number(value: Any, info: ValidationInfo) -> Any:
    """A store's time is no number: nothing says whether that counts seconds or milliseconds."""
    if info.context == STORED and (
        isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value))
    ):
        raise ValueError("a time is expected as text, such as 2025-01-31T12:00:00Z; a number is ambiguous")
    return value


Instant = Annotated[dt.datetime, BeforeValidator(_refuse_number), AfterValidator(in_utc)]
# A moment that reads as "now" where a document does not name it.
Moment = Annotated[Instant, Field(default_factory=utc_now)]
Whole = Annotated[int, Field(ge=-LARGEST_WHOLE - 1, le=LARGEST_WHOLE)]
Rating = Annotated[int, Field(ge=0, le=LARGEST_WHOLE)]
Count = Annotated[int, Field(ge=0, le=LARGEST_COUNT)]
PositiveCount = Annotated[int, Field(ge=1, le=LARGEST_COUNT)]
Weight = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Document(BaseModel):
    """A nested JSON object of the contract or of a legacy store.

    Immutable; unknown members are ignored, NaN and infinities refused. The order in which a class
    declares its members is the order in which the contract shows them.
    """

    # Members that are left out together while all of them have these values, their defaults.
    omitted: ClassVar[Mapping[str, Any]] = {}

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, frozen=True, hide_input_in_errors=True)

    def to_json(self) -> str:
        """The document as compact JSON text, as it is stored and served; microseconds kept."""
        return self.model_dump_json()

    def to_object(self) -> dict[str, Any]:
        """The document as plain JSON values (times as text), in the contract's member order."""
        return self.model_dump(mode="json")
