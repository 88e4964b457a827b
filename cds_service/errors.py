"""Every error this service raises on purpose. Nothing here knows a status code.

    LiverCdsError
    ├── RequestUnreadable      not JSON, not an object, or an envelope member is wrong
    ├── ChartUnavailable       data that the answer needs cannot be had (CDS Hooks: 412)
    ├── TokenRefused           the caller did not prove who it is; the reason is for the log alone (401)
    ├── RateExceeded           a tenant calls more often than its limit allows (429)
    ├── StoreUnreachable       the store did not answer: whoever asked decides what that costs
    ├── ContentFaulty          guideline content that the strict reader refuses
    ├── SettingsFaulty         configuration that must not start
    └── ReplayImpossible       an export, an option or a missing package that a replay cannot work with

Messages never echo a value from a request: a member's name and what to do, no patient data.
"""

from collections.abc import Sequence


class LiverCdsError(Exception):
    """Base of all. `str(error)` is for people: what is wrong, where, what to do."""


class RequestUnreadable(LiverCdsError):
    """The request cannot be read. `member`: path of the offending member, e.g. `context.patientId`."""

    def __init__(self, message: str, member: str = "") -> None:
        super().__init__(message)
        self.member = member


class ChartUnavailable(LiverCdsError):
    """Needed chart data were neither sent nor could be fetched. `missing`: our prefetch keys."""

    def __init__(self, message: str, missing: Sequence[str]) -> None:
        super().__init__(message)
        self.missing = tuple(missing)


class TokenRefused(LiverCdsError):
    """The caller's token was refused. `reason`: one word for the log and a counter, never for the caller."""

    def __init__(self, reason: str, tenant: str = "") -> None:
        super().__init__("The request could not be authenticated.")
        self.reason = reason
        self.tenant = tenant  # the tenant that the token names, if there is such a one; "" = none


class RateExceeded(LiverCdsError):
    """More calls than the tenant's rate limit allows. `wait_s`: seconds until the next one may pass."""

    def __init__(self, wait_s: float, tenant: str = "") -> None:
        super().__init__("Too many requests; see Retry-After.")
        self.wait_s = wait_s
        self.tenant = tenant


class StoreUnreachable(LiverCdsError):
    """The store could not be reached or did not answer in time. `str(error)` names no address."""


class ContentFaulty(LiverCdsError):
    """Guideline content with at least one fault. `faults`: one line each: file, path, what to do."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class SettingsFaulty(LiverCdsError):
    """A setting that must not start, and what to change."""


class ReplayImpossible(LiverCdsError):
    """A replay cannot start or go on, and what to do. No patient data."""
