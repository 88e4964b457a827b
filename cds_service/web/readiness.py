"""What /readyz asks before it says that this process can answer."""

import asyncio
from collections.abc import Mapping

from cds_service.auth.keys import Keyring
from cds_service.desks import Desks
from cds_service.store.store import Store
from cds_service.web.health import Check, Standing


def checks(desks: Desks, keys: Keyring, store: Store) -> Mapping[str, Check]:
    """By name. That the guideline content is loaded needs no check: no app is built without it."""

    async def tenants() -> Standing:
        """Ready all the same when a new file is refused: the earlier one is in force."""
        served = len((await desks.now()).by_tenant)
        refused = "; the file as it stands now is refused, see the log" if desks.fault else ""
        return Standing(True, f"{served} served{refused}")

    async def known_keys() -> Standing:
        """Keys of one tenant are enough to serve that one."""
        sources = {tenant.keys for tenant in (await desks.now()).roster.tenants if tenant.keys}
        known = sum(await asyncio.gather(*map(keys.known, sources)))
        return Standing(known > 0 or not sources, f"{known} of {len(sources)} sources known")

    async def reachable() -> Standing:
        fit = await store.ready()
        return Standing(fit, "reachable" if fit else "not reachable")

    return {"tenants": tenants, "keys": known_keys, "store": reachable}
