"""Analysis of gluesweep's scans: open_scan(file), and `python3 -m gluesweep_analysis report FILE`."""
from . import _requirements

if _requirements.missing():
    raise ImportError(_requirements.remedy(_requirements.missing()))
try:
    from .errors import AnalysisError
    from .scan import Scan, open_scan
except ImportError as error:  # a module that is there, but not usable
    raise ImportError(_requirements.remedy([(error.name or "").split(".")[0]])) from error

__all__ = ["AnalysisError", "Scan", "open_scan"]
__version__ = "0.1.0"
