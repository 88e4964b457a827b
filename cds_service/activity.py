"""What clinicians do with our cards, as numbers: the shapes between the store that counts and who shows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

OUTSIDE: Final = ""  # a procedure that is not in the catalogue
SEVERAL: Final = "several"  # an order whose code names several procedures


@dataclass(frozen=True, slots=True)
class Window:
    """Which orders count. `since` and `until` are days (UTC), both included; "" = any.

    `variant`: "6", or "3,6" where the patient may be in either; "none" = in none.
    """

    since: date | None = None
    until: date | None = None
    tenant: str = ""
    variant: str = ""
    procedure: str = ""
    hook: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """Orders of one week that are alike in all that is told apart.

    `week`: its Monday. `procedure`: an id, OUTSIDE or SEVERAL. `cards`: orders for which a card was shown;
    `accepted`, `overridden`: of these, how many so at least once.
    """

    week: date
    tenant: str
    hook: str
    procedure: str
    variant: str
    verdict: str
    orders: int
    cards: int
    accepted: int
    overridden: int


@dataclass(frozen=True, slots=True)
class Override:
    """Cards that were overridden for one reason; code "" where none was given."""

    system: str
    code: str
    cards: int


@dataclass(frozen=True, slots=True)
class Activity:
    """`calls`: answered ones; `failed`: refused or faulty ones; `lost`: calls that never reached the store.

    `calls`, `failed` and `lost` heed days, tenant and hook only. `tenants`: every one that there is.
    """

    shares: tuple[Share, ...] = ()
    overrides: tuple[Override, ...] = ()
    calls: int = 0
    failed: int = 0
    lost: int = 0
    tenants: tuple[str, ...] = ()


# Raises StoreUnreachable.
ActivitySource: TypeAlias = Callable[[Window], Awaitable[Activity]]
