"""Reading the model's answers: JSON and nothing around it, checked against a shape. Holds no shapes itself."""

import json
import re
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from coach import json_text
from coach.agent.errors import UnusableAnswer

D = TypeVar("D", bound=BaseModel)

_ESCAPE = re.compile(r'\\(["\\/bfnrtu])|\\')


class NotJSON(UnusableAnswer):
    """The answer is not JSON at all."""


def value(text: str) -> Any:
    """The JSON value that a text is, with nothing around it but white space. Raises NotJSON."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise NotJSON("The language model's answer is not JSON.") from None


def value_with_repair(text: str) -> Any:
    """The same; where a text is not JSON, once more with every backslash doubled that begins no escape.

    Raises NotJSON.
    """
    try:
        return value(text)
    except NotJSON:
        return value(_ESCAPE.sub(lambda found: found[0] if found[1] else r"\\", text))


def fit(shape: type[D], answer: Any) -> D:
    """The answer as a document of that shape. Raises UnusableAnswer, naming where it does not fit."""
    refuse_unusable_text(answer)
    try:
        return shape.model_validate(answer)
    except ValidationError as error:
        raise UnusableAnswer(f"The language model's answer does not fit: {_first(error)}.") from None


def refuse_unusable_text(answer: Any) -> None:
    """No database of ours keeps NUL characters and lone surrogates, and no client nests without end.

    Raises UnusableAnswer.
    """
    if json_text.is_too_deep(answer):
        raise UnusableAnswer(
            f"The language model's answer is nested deeper than {json_text.DEEPEST_NESTING} levels."
        )
    for _ in json_text.places(answer, json_text.UNSTORABLE):
        raise UnusableAnswer("The language model's answer holds characters that cannot be stored.")


def _first(error: ValidationError) -> str:
    """The first fault: its type and its place, without a word of the answer."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(step)[:40] for step in fault["loc"]) or "the whole"
    return f"{fault['type']} at {place} ({error.error_count()} faults)"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
