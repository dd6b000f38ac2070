"""What stands between the models and several primaries: the list in docs/scale.md, held against them."""

import re
from pathlib import Path

from django.apps import apps
from django.db import models

from coach.models import LearnerProfile

PAGE = Path(__file__).parents[3] / "docs" / "scale.md"
ITSELF = "the table itself"
# Not distributed.
SHARED = {"coach_chatthread", "coach_chatitem", "coach_chatfile", "coach_sessionattachment"}


def key(model):
    """The column that says whose a row is."""
    if model is LearnerProfile:
        return "id"
    related = (field for field in model._meta.concrete_fields if field.related_model is LearnerProfile)
    return next((field.column for field in related), None)


def is_of_learners(model, seen=()):
    """Whether its rows are of learners: by a key of its own, or as parts of something that is."""
    return bool(key(model)) or any(
        field.remote_field
        and not field.null
        and field.remote_field.on_delete is models.CASCADE
        and field.related_model not in seen
        and is_of_learners(field.related_model, (*seen, model))
        for field in model._meta.concrete_fields
    )


def learners_models():
    return [model for model in apps.get_app_config("coach").get_models() if is_of_learners(model)]


def without_key(model):
    """The table itself, its unique columns and constraints, and its foreign keys, that do not include the learner's key."""
    own = key(model)
    if own is None:
        yield ITSELF
    for field in model._meta.concrete_fields:
        is_number = field.primary_key and isinstance(field, models.AutoField)
        if field.column != own and not is_number and (field.unique or field.remote_field):
            yield field.column
    unique = (each for each in model._meta.constraints if isinstance(each, models.UniqueConstraint))
    for constraint in unique:
        if own not in {model._meta.get_field(name).column for name in constraint.fields}:
            yield constraint.name


def listed():
    """Of each table in the page's list, what it says has no key."""
    found = {}
    for tables, what in re.findall(
        r"^\| (`coach_.*?) \| (.*?) \| .+ \|$", PAGE.read_text(), flags=re.MULTILINE
    ):
        named = set(re.findall(r"`(\w+)`", what)) | ({ITSELF} if ITSELF in what else set())
        for table in re.findall(r"`(coach_\w+)`", tables):
            found.setdefault(table, set()).update(named)
    return found


def test_everything_that_does_not_include_the_learners_key_is_listed_with_its_plan():
    of_learners = learners_models()
    found = {model._meta.db_table: set(without_key(model)) for model in of_learners}
    page = listed()

    assert len(of_learners) > 10
    for table, names in found.items():
        if table in SHARED:
            # One row of the list is about all of them.
            assert names <= page[table] | {"thread_id"}, table
        elif names:
            assert names == page.get(table), table
    assert page.keys() <= found.keys()
    everything = set().union(*found.values())
    assert set().union(*page.values()) <= everything
