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
            foundation_catalogue.load_catalogue(path)
        return str(caught.value)

    return complaint


def test_the_catalogue_is_the_one_of_the_contract_in_its_order(catalogue):
    assert {
        key: (
            entry.category.label,
            entry.category.weight,
            entry.category.focus_areas,
            [(module.module_id, module.estimated_minutes, module.tier) for module in entry.modules],
        )
        for key, entry in catalogue.items()
    } == TABLE
    assert list(catalogue) == list(TABLE)


@pytest.mark.parametrize("key", TABLE)
def test_each_category_attracts_exactly_its_extra_tasks(catalogue, key):
    entry = catalogue[key].category
    attracted = {intent for intent, words in coverage.EXTRAS.items() if coverage.mentions(entry, words)}
    assert attracted == ATTRACTS[key]


@pytest.mark.parametrize(
    ("key", "word"),
    [("data-manipulation", "workflow"), ("machine-learning", "ml"), ("machine-learning", "system")],
)
def test_the_words_that_only_a_description_holds_are_there(catalogue, key, word):
    entry = catalogue[key].category
    assert word in entry.description.lower()
    assert word not in " ".join((entry.key, entry.label, *entry.focus_areas)).lower()


def test_every_category_has_its_three_levels_and_starts_at_1100(catalogue):
    for entry in catalogue.values():
        assert [level.level for level in entry.category.rubric] == ["Exploring", "Developing", "Proficient"]
        assert entry.category.starting_rating == 1100


def test_all_texts_differ(catalogue):
    texts = [
        text
        for entry in catalogue.values()
        for module in entry.modules
        for text in (
            module.title,
            module.summary,
            *module.objectives,
            *module.activities,
            *module.deliverables,
        )
    ]
    assert len(set(texts)) == len(texts)


# --- an author at work ------------------------------------------------------------------------------

NEW_CATEGORY = """
[[category]]
key = "accessibility"
label = "Accessibility"
weight = 1
focus_areas = ["contrast"]
description = "Pages that everybody can use."
success_criteria = ["I can use my page with the keyboard alone."]
rubric = { exploring = "Tries.", developing = "Repairs.", proficient = "Plans." }

[[category.module]]
id = "foundation-contrast"
minutes = 60
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
        catalogue=foundation_catalogue.load_catalogue(path).foundations(),
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
        catalogue=foundation_catalogue.load_catalogue(path).foundations(),
    )
    assert augmented.plan.categories == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('label = "Python Foundations"\n', "", "category 'python-foundations', label: Field required"),
        ('label = "Python Foundations"', 'label = " "', "category 'python-foundations', label: "),
        ("weight = 1.15", "weight = 0", "category 'data-manipulation', weight: "),
        ("weight = 1.15", "weight = nan", "category 'data-manipulation', weight: "),
        (
            "minutes = 270",
            "minutes = -1",
            "category 'data-manipulation', module 'foundation-data-tooling', minutes: ",
        ),
        ("tier = 2", "teir = 2", "category 'python-foundations', module 'foundation-python-testing', teir: "),
        ('key = "math-statistics"\n', "", "category number 3, key: Field required"),
        (
            'id = "foundation-reflection"\n',
            "",
            "category 'project-delivery', module number 2, id: Field required",
        ),
        (
            'key = "math-statistics"',
            'key = "machine-learning"',
            "more than once: category 'machine-learning'",
        ),
        (
            '"foundation-reflection"',
            '"foundation-roadmapping"',
            "more than once: module 'foundation-roadmapping'",
        ),
        ('exploring = "Follows', 'beginner = "Follows', "category 'python-foundations', rubric, exploring: "),
        ('"numpy", "pandas"', '"numpy", ""', "category 'data-manipulation', focus_areas number 2: "),
        (
            'focus_areas = ["git", "testing", "automation"]',
            "focus_areas = []",
            "'software-practices', focus_areas: ",
        ),
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
        foundation_catalogue.load_catalogue(path)
    assert "category 'a', label: " in str(caught.value)
    assert "category 'a', module: " in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\xff", b"category = 3", b"category = [3]", b"other = 1"])
def test_what_is_no_catalogue_is_refused(tmp_path, content):
    path = tmp_path / "catalogue.toml"
    path.write_bytes(content)
    with pytest.raises(FileFault, match=r"catalogue\.toml"):
        foundation_catalogue.load_catalogue(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileFault, match=r"nowhere\.toml"):
        foundation_catalogue.load_catalogue(tmp_path / "nowhere.toml")


def test_the_projects_catalogue_is_read_once(catalogue):
    assert foundation_catalogue.default_foundations() is catalogue
