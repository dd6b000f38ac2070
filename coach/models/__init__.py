"""The entities, one module a noun. One-row rules live here as methods, everything else in services."""

from coach.models.audit import AuditEvent
from coach.models.backfills import BackfillFinding, BackfillLock, BackfillRun
from coach.models.chat import ChatFile, ChatItem, ChatThread
from coach.models.erasures import ErasedLearner
from coach.models.learners import LearnerProfile
from coach.models.memory import MemoryRecord
from coach.models.memory_uploads import MemoryUpload
from coach.models.retries import IdempotencyKey
from coach.models.schedules import CurriculumSchedule, ScheduleItem
from coach.models.sessions import SessionAttachment
from coach.models.submissions import AssessmentSubmission, AttachmentMetadata
from coach.models.throttles import ThrottleWindow
from coach.models.tokens import ApiToken
from coach.models.versions import RecordVersion

__all__ = [
    "ApiToken",
    "AssessmentSubmission",
    "AttachmentMetadata",
    "AuditEvent",
    "BackfillFinding",
    "BackfillLock",
    "BackfillRun",
    "ChatFile",
    "ChatItem",
    "ChatThread",
    "CurriculumSchedule",
    "ErasedLearner",
    "IdempotencyKey",
    "LearnerProfile",
    "MemoryRecord",
    "MemoryUpload",
    "RecordVersion",
    "ScheduleItem",
    "SessionAttachment",
    "ThrottleWindow",
]
