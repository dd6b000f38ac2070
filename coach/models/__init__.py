"""The entities, one module a noun. One-row rules live here as methods, everything else in services."""

from coach.models.audit import AuditEvent as AuditEvent
from coach.models.backfills import BackfillFinding as BackfillFinding
from coach.models.backfills import BackfillLock as BackfillLock
from coach.models.backfills import BackfillRun as BackfillRun
from coach.models.backfills import ExportRun as ExportRun
from coach.models.backfills import Run as Run
from coach.models.chat import ChatFile as ChatFile
from coach.models.chat import ChatItem as ChatItem
from coach.models.chat import ChatThread as ChatThread
from coach.models.erasures import ErasedLearner as ErasedLearner
from coach.models.learners import LearnerProfile as LearnerProfile
from coach.models.memory import MemoryRecord as MemoryRecord
from coach.models.memory_uploads import MemoryUpload as MemoryUpload
from coach.models.preferences import StaffPreference as StaffPreference
from coach.models.retries import IdempotencyKey as IdempotencyKey
from coach.models.schedules import CurriculumSchedule as CurriculumSchedule
from coach.models.schedules import ScheduleItem as ScheduleItem
from coach.models.sessions import SessionAttachment as SessionAttachment
from coach.models.submissions import AssessmentSubmission as AssessmentSubmission
from coach.models.submissions import AttachmentMetadata as AttachmentMetadata
from coach.models.throttles import ThrottleWindow as ThrottleWindow
from coach.models.tokens import ApiToken as ApiToken
from coach.models.versions import RecordVersion as RecordVersion
