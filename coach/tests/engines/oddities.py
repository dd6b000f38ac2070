"""Odd but valid documents, for properties: blank and repeated names, weights of 0, huge numbers."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st

from coach.documents.assessment import Assessment, Task, TaskResult
from coach.documents.base import LARGEST_COUNT, LARGEST_WHOLE
from coach.documents.curriculum import (
    Category,
    Curriculum,
    EloPlan,
    GoalInference,
    Module,
    ModuleReference,
    Track,
)

NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)

keys = st.sampled_from(
    [
        "",
        " ",
        "a",
        " a ",
        "pottery",
        "b c",
        "-",
        "{a}",
        "İ",
        "数据",
        "html",
        "python-foundations",
        "machine-learning",
    ]
)
texts = st.one_of(keys, st.text(max_size=6))
text_lists = st.lists(texts, max_size=4)
weights = st.one_of(st.sampled_from([0.0, 0.3, 1.0, 1.3, 1e308]), st.floats(0, 1e6))
counts = st.sampled_from([1, 10, LARGEST_COUNT])
missing_counts = st.none() | counts
ratings = st.sampled_from([0, 900, 1100, LARGEST_WHOLE])
kinds = st.sampled_from(["concept_check", "code"])
shares = st.floats(0, 1)

categories = st.builds(
    Category,
    key=keys,
    label=texts,
    description=texts,
    focus_areas=text_lists,
    weight=weights,
    starting_rating=ratings,
)
plans = st.builds(EloPlan, generated_at=st.just(NOW), categories=st.lists(categories, max_size=5))

modules = st.builds(Module, module_id=texts, category_key=keys, title=texts, summary=texts)
curricula = st.builds(
    Curriculum, generated_at=st.just(NOW), success_criteria=text_lists, modules=st.lists(modules, max_size=4)
)

notes = st.none() | texts


def references(module_ids: st.SearchStrategy[str]) -> st.SearchStrategy[ModuleReference]:
    """Modules that a track recommends."""
    return st.builds(
        ModuleReference, module_id=module_ids, category_key=keys, suggested_weeks=missing_counts, notes=notes
    )


def inferences(module_ids: st.SearchStrategy[str] = texts) -> st.SearchStrategy[GoalInference]:
    """Goal inferences whose tracks recommend modules of these ids."""
    tracks = st.builds(
        Track,
        track_id=keys,
        label=texts,
        weight=weights,
        focus_areas=text_lists,
        recommended_modules=st.lists(references(module_ids), max_size=4),
        suggested_weeks=missing_counts,
        notes=notes,
    )
    return st.builds(
        GoalInference,
        generated_at=st.just(NOW),
        target_outcomes=text_lists,
        tracks=st.lists(tracks, max_size=4),
    )


tasks = st.builds(
    Task,
    task_id=texts,
    category_key=keys,
    section_id=notes,
    title=texts,
    task_type=kinds,
    prompt=texts,
    guidance=texts,
    expected_minutes=counts,
)
assessments = st.builds(Assessment, generated_at=st.just(NOW), tasks=st.lists(tasks, max_size=8))
task_results = st.lists(
    st.builds(TaskResult, task_id=texts, category_key=keys, task_type=kinds, score=shares, feedback=texts),
    max_size=8,
)
