"""The foundation catalogue: what is in it, and what its loader says of a broken one."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from coach.documents.authored import FileFault
from coach.documents.curriculum import Curriculum
from coach.engines import coverage, foundation_catalogue, foundations

SOURCE = Path(foundation_catalogue.__file__).with_name("foundation_catalogue.toml")
NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)

# Key: label, weight, focus areas, modules (id, minutes, tier).
TABLE = {
    "python-foundations": (
        "Python Foundations",
        1.25,
        ["syntax", "control-flow", "functions"],
        [
            ("foundation-python-syntax", 180, 1),
            ("foundation-python-structuring", 210, 1),
            ("foundation-python-testing", 240, 2),
        ],
    ),
    "data-manipulation": (
        "Data Manipulation & Analysis",
        1.15,
        ["numpy", "pandas", "eda"],
        [
            ("foundation-numpy-basics", 210, 1),
            ("foundation-pandas-proficiency", 240, 1),
            ("foundation-data-tooling", 270, 2),
        ],
    ),
    "math-statistics": (
        "Math & Statistical Foundations",
        1.05,
        ["probability", "linear-algebra", "statistics"],
        [("foundation-probability-statistics", 180, 1), ("foundation-linear-algebra", 240, 2)],
    ),
    "machine-learning": (
        "Machine Learning Foundations",
        1.2,
        ["modeling-basics", "evaluation", "deployment"],
        [
            ("foundation-ml-baselines", 270, 1),
            ("foundation-ml-iteration", 240, 2),
            ("foundation-ml-systems", 300, 3),
        ],
    ),
    "software-practices": (
        "Software Engineering Habits",
        1.0,
        ["git", "testing", "automation"],
        [("foundation-git-workflows", 180, 1), ("foundation-ci-automation", 210, 2)],
    ),
    "project-delivery": (
        "Project Delivery & Reflection",
        0.9,
        ["roadmapping", "communication", "reflection"],
        [
            ("foundation-roadmapping", 180, 1),
            ("foundation-reflection", 150, 1),
            ("foundation-stakeholder-updates", 165, 2),
        ],
    ),
    "software-architecture": (
        "Systems & Architecture Foundations",
        1.1,
        ["architecture", "apis", "scalability"],
        [("foundation-api-design", 210, 2), ("foundation-observability", 240, 3)],
    ),
}

# Which extra assessment tasks each category attracts: a changed description must not change it unnoticed.
ATTRACTS = {
    "python-foundations": set(),
    "data-manipulation": {"data", "tooling"},
    "math-statistics": set(),
    "machine-learning": {"data", "architecture"},
    "software-practices": {"tooling"},
    "project-delivery": set(),
    "software-architecture": {"architecture"},
}


@pytest.fixture
def catalogue() -> dict[str, foundation_catalogue.Foundation]:
    return foundation_catalogue.default_foundations()


@pytest.fixture
def broken(tmp_path: Path):
    """A catalogue in which one text is replaced by another, and what the loader says of it."""

    def complaint(old: str, new: str) -> str:
        source = SOURCE.read_text(encoding="utf-8")
        assert old in source
        path = tmp_path / "catalogue.toml"
        path.write_text(source.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(FileFault) as caught:
            foundation_catalogue.load(path)
        return str(caught.value)

    return complaint


def test_the_catalogue_is_the_one_of_the_contract_in_its_order(catalogue):
    assert {
        key: (
            entry.label,
            entry.weight,
            entry.focus_areas,
            [(module.module_id, module.estimated_minutes, module.tier) for module in entry.modules],
        )
        for key, entry in catalogue.items()
    } == TABLE
    assert list(catalogue) == list(TABLE)


@pytest.mark.parametrize("key", TABLE)
def test_each_category_attracts_exactly_its_extra_tasks(catalogue, key):
    entry = catalogue[key]
    attracted = {intent for intent, words in coverage.EXTRAS.items() if coverage.mentions(entry, words)}
    assert attracted == ATTRACTS[key]


@pytest.mark.parametrize(
    ("key", "word"),
    [("data-manipulation", "workflow"), ("machine-learning", "ml"), ("machine-learning", "system")],
)
def test_the_words_that_only_a_description_holds_are_there(catalogue, key, word):
    entry = catalogue[key]
    assert word in entry.description.lower()
    assert word not in " ".join((entry.key, entry.label, *entry.focus_areas)).lower()


def test_every_category_has_its_three_levels_and_starts_at_1100(catalogue):
    for entry in catalogue.values():
        assert [level.level for level in entry.rubric] == ["Exploring", "Developing", "Proficient"]
        assert entry.starting_rating == 1100


def test_every_module_is_of_its_category_and_has_something_to_learn_do_and_show(catalogue):
    for key, entry in catalogue.items():
        for module in entry.modules:
            assert module.category_key == key
            assert all((module.objectives, module.activities, module.deliverables)), module.module_id


def test_all_texts_differ_and_none_is_blank(catalogue):
    texts = [
        text
        for entry in catalogue.values()
        for module in entry.modules
        for text in (
            module.module_id,
            module.title,
            module.summary,
            *module.objectives,
            *module.activities,
            *module.deliverables,
        )
    ]
    assert len(set(texts)) == len(texts)
    descriptors = [level.descriptor for entry in catalogue.values() for level in entry.rubric]
    assert all(text.strip() for text in (*texts, *descriptors))


# --- an author at work ------------------------------------------------------------------------------

NEW_CATEGORY = """
[[category]]
key = "accessibility"
label = "Accessibility"
weight = 1
focus_areas = ["contrast"]
description = "Pages that everybody can use."
success_criteria = ["I can use my page with the keyboard alone."]
rubric = [{ level = "Exploring", descriptor = "Tries." }, { level = "Proficient", descriptor = "Plans." }]

[[category.modules]]
module_id = "foundation-contrast"
category_key = "accessibility"
estimated_minutes = 60
tier = 1
title = "Contrast"
summary = "Colours that can be told apart."
objectives = ["Measure a contrast."]
activities = ["Measure three."]
deliverables = ["A list of three contrasts."]
"""


def test_a_new_category_reaches_learners_without_a_change_of_code(tmp_path):
    path = tmp_path / "catalogue.toml"
    path.write_text(SOURCE.read_text(encoding="utf-8") + NEW_CATEGORY, encoding="utf-8")
    augmented = foundations.augment(
        goal="Bake",
        plan=None,
        curriculum=Curriculum(generated_at=NOW),
        inference=None,
        average=0.2,
        now=NOW,
        catalogue=foundation_catalogue.load(path),
    )
    assert augmented.plan.categories[-1].key == "accessibility"
    assert augmented.curriculum.modules[-1].module_id == "foundation-contrast"


def test_a_category_that_is_taken_out_is_not_offered(tmp_path):
    path = tmp_path / "catalogue.toml"
    path.write_text(NEW_CATEGORY, encoding="utf-8")
    augmented = foundations.augment(
        goal="data",
        plan=None,
        curriculum=Curriculum(generated_at=NOW),
        inference=None,
        average=None,
        now=NOW,
        catalogue=foundation_catalogue.load(path),
    )
    assert augmented.plan.categories == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('label = "Python Foundations"\n', "", "category 'python-foundations', label: Field required"),
        ("weight = 1.15", "weight = nan", "category 'data-manipulation', weight: "),
        (
            "estimated_minutes = 270",
            'estimated_minutes = "long"',
            "category 'data-manipulation', modules 'foundation-data-tooling', estimated_minutes: ",
        ),
        (
            "tier = 2",
            "teir = 2",
            "category 'python-foundations', modules 'foundation-python-testing', teir: ",
        ),
        ('key = "math-statistics"\n', "", "category 3, key: Field required"),
        (
            'module_id = "foundation-reflection"\n',
            "",
            "category 'project-delivery', modules 2, module_id: Field required",
        ),
        ('level = "Exploring"', 'name = "Exploring"', "category 'python-foundations', rubric 1, level: "),
        ("[[category]]", "[[category]", "catalogue.toml: "),
    ],
)
def test_a_broken_entry_is_named(broken, old, new, complaint):
    said = broken(old, new)
    assert said.startswith("catalogue.toml: ")
    assert complaint in said


def test_several_faults_are_all_named(tmp_path):
    path = tmp_path / "catalogue.toml"
    path.write_text("[[category]]\nkey = 'a'\n", encoding="utf-8")
    with pytest.raises(FileFault) as caught:
        foundation_catalogue.load(path)
    assert "category 'a', label: " in str(caught.value)
    assert "category 'a', modules: " in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\xff", b"category = 3", b"category = [3]", b"other = 1"])
def test_what_is_no_catalogue_is_refused(tmp_path, content):
    path = tmp_path / "catalogue.toml"
    path.write_bytes(content)
    with pytest.raises(FileFault, match=r"catalogue\.toml"):
        foundation_catalogue.load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileFault, match=r"nowhere\.toml"):
        foundation_catalogue.load(tmp_path / "nowhere.toml")


def test_the_projects_catalogue_is_read_once(catalogue):
    assert foundation_catalogue.default_foundations() is catalogue
