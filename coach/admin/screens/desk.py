"""The desk: a submission's answers under their questions, and the form by which staff grade them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from coach.admin.screens.learners.forms import Lines
from coach.documents.assessment import GradingResult, Task, TaskResult
from coach.documents.submissions import Response
from coach.models import AssessmentSubmission
from coach.models.versions import fingerprint
from coach.services import grading

CONFIDENCES = (("low", "low"), ("medium", "medium"), ("high", "high"))
_ROWS = {"rows": 3, "cols": 70}


@dataclass(frozen=True)
class Answer:
    """One answer: its question, where the learner's assessment still has it, and its grade."""

    response: Response
    task: Task | None
    graded: TaskResult | None


def answers(row: AssessmentSubmission) -> list[Answer]:
    """A submission's answers in their order. `row` comes with its learner."""
    assessment, result = row.learner.assessment, row.result
    tasks = {task.task_id: task for task in assessment.tasks} if assessment else {}
    graded = {task.task_id: task for task in result.task_results} if result else {}
    return [
        Answer(response, tasks.get(response.task_id), graded.get(response.task_id))
        for response in row.response_list
    ]


class TaskForm(forms.Form):
    """The grade of one answer."""

    score = forms.FloatField(min_value=0, max_value=100, help_text="Per cent, 0 to 100.")
    confidence = forms.ChoiceField(choices=CONFIDENCES, initial="high")
    feedback = forms.CharField(widget=forms.Textarea(attrs=_ROWS))
    strengths = Lines()
    improvements = Lines()
    criteria = forms.MultipleChoiceField(
        required=False, label="Criteria met", widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, answer: Answer, **kwargs: Any) -> None:
        graded = answer.graded
        super().__init__(**kwargs, initial=_initial(graded) if graded else None)
        self.answer = answer
        rubric = answer.task.rubric if answer.task else []
        names = dict.fromkeys([*rubric, *(note.criterion for note in graded.rubric)] if graded else rubric)
        self.fields["criteria"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]
        if not names:
            del self.fields["criteria"]

    def grade(self) -> dict[str, Any]:
        """The members of a task's grade."""
        cleaned = self.cleaned_data
        met = cleaned.get("criteria", [])
        shown = self.fields["criteria"].choices if "criteria" in self.fields else []  # type: ignore[attr-defined]
        return {
            "task_id": self.answer.response.task_id,
            "score": cleaned["score"] / 100,
            **{name: cleaned[name] for name in ("confidence", "feedback", "strengths", "improvements")},
            "rubric": [{"criterion": name, "met": name in met} for name, _ in shown],
        }


class GradeForm(forms.Form):
    """The grade of a submission; `tasks` are the forms of its answers."""

    overall_feedback = forms.CharField(widget=forms.Textarea(attrs=_ROWS))
    strengths = Lines()
    focus_areas = Lines()
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, row: AssessmentSubmission, data: Mapping[str, Any] | None = None) -> None:
        result: GradingResult | None = row.result
        shown = {
            name: getattr(result, name) for name in ("overall_feedback", "strengths", "focus_areas") if result
        }
        super().__init__(data, initial={**shown, "seen": fingerprint(row.grading)})
        self.tasks = [
            TaskForm(answer, data=data, prefix=f"task-{number}") for number, answer in enumerate(answers(row))
        ]

    def is_valid(self) -> bool:
        # Every form is asked, so that every fault is named at once.
        return all([super().is_valid(), *[form.is_valid() for form in self.tasks]])

    def grades(self) -> grading.Grades:
        """The staff's decision, in the shape of a model's grading."""
        whole = {name: self.cleaned_data[name] for name in ("overall_feedback", "strengths", "focus_areas")}
        return grading.Grades.model_validate({**whole, "tasks": [form.grade() for form in self.tasks]})


def _initial(graded: TaskResult) -> dict[str, Any]:
    return {
        **graded.model_dump(include={"confidence", "feedback", "strengths", "improvements"}),
        "score": round(graded.score * 100, 2),
        "criteria": [note.criterion for note in graded.rubric if note.met],
    }
