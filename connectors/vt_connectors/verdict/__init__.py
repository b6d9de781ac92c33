"""VirusTotal's object to a report, and the rule for verdicts."""

from ..light_typing import TYPE_CHECKING
from .rule import WORST_FIRST, Rules, Thresholds, Verdict, judge, judged

if TYPE_CHECKING:
    from .report import report_of
else:
    # Imported on first use: an answer from the cache is a report already.
    def __getattr__(name: str) -> object:
        if name != "report_of":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from .report import report_of

        return report_of


__all__ = ["WORST_FIRST", "Rules", "Thresholds", "Verdict", "judge", "judged", "report_of"]
