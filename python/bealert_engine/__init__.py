"""Alerts people fast, with nothing lost and everyone accounted for."""

from bealert_engine._planning import make_plan
from bealert_engine.aio import AsyncCampaign, AsyncEngine
from bealert_engine.attachment import Attachment
from bealert_engine.bounces import Bounces
from bealert_engine.campaign import Campaign
from bealert_engine.check import GatewayCheck, RelayCheck, SmscCheck
from bealert_engine.config import Config
from bealert_engine.control import Control
from bealert_engine.engine import Engine
from bealert_engine.errors import (
    BealertError,
    CampaignEnded,
    CampaignRuns,
    ConfigError,
    DirectoryHeld,
    EngineClosed,
    EngineFailed,
    EngineForked,
    EventsGone,
    KeyConflict,
    LedgerError,
    NobodySends,
    PlanRefused,
    PlanStale,
    UnknownCampaign,
)
from bealert_engine.events import Event, Notice
from bealert_engine.gateways import Dkim, Retry, Smpp, Smtp, SmtpTimeouts
from bealert_engine.ledger import Finding, Ledger, LedgerCampaign, Verdict, open_ledger
from bealert_engine.mail import Email
from bealert_engine.plan import ChannelPlan, Example, Excluded, Plan
from bealert_engine.progress import ChannelTally, Progress
from bealert_engine.recipient import Recipient
from bealert_engine.report import Report, ReportRow
from bealert_engine.scenario import Scenario
from bealert_engine.secret import Secret
from bealert_engine.unsubscribe import Unsubscribe

__all__ = [
    "AsyncCampaign",
    "AsyncEngine",
    "Attachment",
    "BealertError",
    "Bounces",
    "Campaign",
    "CampaignEnded",
    "CampaignRuns",
    "ChannelPlan",
    "ChannelTally",
    "Config",
    "ConfigError",
    "Control",
    "DirectoryHeld",
    "Dkim",
    "Email",
    "Engine",
    "EngineClosed",
    "EngineFailed",
    "EngineForked",
    "Event",
    "EventsGone",
    "Example",
    "Excluded",
    "Finding",
    "GatewayCheck",
    "KeyConflict",
    "Ledger",
    "LedgerCampaign",
    "LedgerError",
    "NobodySends",
    "Notice",
    "Plan",
    "PlanRefused",
    "PlanStale",
    "Progress",
    "Recipient",
    "RelayCheck",
    "Report",
    "ReportRow",
    "Retry",
    "Scenario",
    "Secret",
    "Smpp",
    "SmscCheck",
    "Smtp",
    "SmtpTimeouts",
    "UnknownCampaign",
    "Unsubscribe",
    "Verdict",
    "make_plan",
    "open_ledger",
]
