"""VirusTotal's object to a report, and the rule for verdicts."""

from .report import report_of
from .rule import WORST_FIRST, Thresholds, Verdict, judge

__all__ = ["WORST_FIRST", "Thresholds", "Verdict", "judge", "report_of"]
