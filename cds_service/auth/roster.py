"""All tenants at one moment, found by whom their tokens name as issuer."""

from collections.abc import Iterable

from cds_service.auth.tenants import Tenant


class Roster:
    """The tenants of one reading of the tenants file."""

    def __init__(self, tenants: Iterable[Tenant]) -> None:
        self.tenants = tuple(tenants)
        self._by_issuer: dict[str, tuple[Tenant, ...]] = {}
        for tenant in self.tenants:
            same = self._by_issuer.get(tenant.issuer, ())
            self._by_issuer[tenant.issuer] = (*same, tenant)

    def of_issuer(self, issuer: str) -> tuple[Tenant, ...]:
        """Tenants whose tokens this issuer signs; several where an EHR serves several organizations."""
        return self._by_issuer.get(issuer, ())
