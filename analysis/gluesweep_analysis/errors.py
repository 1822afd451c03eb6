"""Errors that a user can mend; the message says what is wrong, where, and what to do."""


class AnalysisError(Exception):
    """Something about a file or a request, not about the code."""
