"""What VirusTotal's object says, and what that makes of the indicator."""

from .report import report_of
from .rule import WORST_FIRST, Thresholds, Verdict, judge

__all__ = ["WORST_FIRST", "Thresholds", "Verdict", "judge", "report_of"]
