"""Who is let in: the token, the tenant it is of, and how often that tenant may call.

A request that is refused has no effect and learns nothing of the reason. Nothing of its body is read.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from fastapi import Request

from cds_service.auth.rates import Rates
from cds_service.auth.roster import Roster
from cds_service.auth.tenants import OPEN, Tenant
from cds_service.auth.tokens import TokenCheck, Why
from cds_service.consult import Desk
from cds_service.desks import Desks
from cds_service.errors import RateExceeded, StoreUnreachable, TokenRefused
from cds_service.web import cors, log
from cds_service.web.paths import called_paths

FEEDBACK: Final = "/feedback"
ACCEPTED_UNCHECKED: Final = "accepted-unchecked"  # counted beside the refusals: it needs a look as they do

Refused: TypeAlias = Callable[[str, str], None]  # counts: tenant ("" = none), reason


@dataclass(frozen=True, slots=True)
class Admission:
    """The door that services, feedback and (if wanted) discovery share.

    `rates`: who counts calls; `own_rates`: who does while that cannot be reached.
    """

    desks: Desks
    tokens: TokenCheck
    rates: Rates
    own_rates: Rates
    public_url: str
    count_refused: Refused

    async def admit(self, request: Request) -> Desk:
        """The desk of the caller's tenant. Raises TokenRefused (401) or RateExceeded (429)."""
        now = await self.desks.now()
        desk = now.by_tenant.get(OPEN) or now.by_tenant[(await self._verified(request, now.roster)).id]
        log.bind(tenant=desk.tenant.id)
        cors.note_tenant(request.scope, desk.tenant)
        await self._check_rate(desk.tenant)
        return desk

    async def check_token(self, request: Request) -> None:
        """For discovery, where that asks for a token. Raises TokenRefused."""
        now = await self.desks.now()
        tenant = await self._verified(request, now.roster)
        log.bind(tenant=tenant.id)
        cors.note_tenant(request.scope, tenant)

    async def _verified(self, request: Request, roster: Roster) -> Tenant:
        try:
            token = _bearer(request)
            found = await self.tokens.verify(token, roster, self._audiences(request), datetime.now(UTC))
        except TokenRefused as refused:
            self.count_refused(refused.tenant, refused.reason)
            raise
        if found.replay_unchecked:
            self.count_refused(found.tenant.id, ACCEPTED_UNCHECKED)
            log.log_event("token accepted unchecked", logging.WARNING, tenant=found.tenant.id)
        return found.tenant

    def _audiences(self, request: Request) -> Callable[[Tenant], Collection[str]]:
        """Whom a tenant's token may be meant for: what its entry lists, else the URL that is called.

        A token for a service is good for its feedback too. The URL is built from ours, never from what the
        request says of its host.
        """
        called = {self.public_url + path for path in called_paths(request.scope)}
        if not request.scope["path"].endswith(FEEDBACK):
            return lambda tenant: tenant.audiences or called
        called |= {url.removesuffix(FEEDBACK) for url in called}
        return lambda tenant: {*tenant.audiences, *(a + FEEDBACK for a in tenant.audiences)} or called

    async def _check_rate(self, tenant: Tenant) -> None:
        if tenant.rate_limit is None:
            return
        try:
            wait_s = await self.rates.admit(tenant.id, tenant.rate_limit)
        except StoreUnreachable:  # each process by itself: a lost store costs no card
            wait_s = await self.own_rates.admit(tenant.id, tenant.rate_limit)
        if wait_s is not None:
            raise RateExceeded(wait_s, tenant.id)


def _bearer(request: Request) -> str:
    """The one token that the request shows. Raises TokenRefused."""
    shown = request.headers.getlist("Authorization")
    scheme, _, token = (shown[0] if len(shown) == 1 else "").partition(" ")
    if not "".join(shown).strip() or (scheme.lower() == "bearer" and not token.strip()):
        raise TokenRefused(Why.MISSING)
    if scheme.lower() != "bearer":
        raise TokenRefused(Why.MALFORMED)
    return token.strip()
