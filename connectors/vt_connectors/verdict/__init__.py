"""VirusTotal's object to a report, and the rule for verdicts."""

from .report import report_of
from .rule import WORST_FIRST, Rules, Thresholds, Verdict, judge, judged

__all__ = ["WORST_FIRST", "Rules", "Thresholds", "Verdict", "judge", "judged", "report_of"]
