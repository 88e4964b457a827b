"""The desk of every tenant, as the tenants file says at this moment.

The file is looked at with every request (one `stat`) and read again when it changed, so a tenant is
switched off without a restart. A faulty new file changes nothing: the earlier one stays in force, the fault
is logged and shows in /readyz.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cds_service.auth.file_watch import FileWatch
from cds_service.auth.keys import Note
from cds_service.auth.roster import Roster
from cds_service.consult import Desk
from cds_service.errors import SettingsFaulty
from cds_service.guideline.content.library import Library
from cds_service.guideline.terms.judging import NO_LOCAL_CODES, LocalCodes, Terms, compile_terms, local_codes


class Vocabulary:
    """The library and its terms, which tenants without local codes share."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._plain = compile_terms(library, NO_LOCAL_CODES)

    def with_codes(self, file: Path | None) -> tuple[LocalCodes, Terms]:
        """The local codes of a file, and the terms with them. Raises SettingsFaulty."""
        if file is None:
            return NO_LOCAL_CODES, self._plain
        codes = local_codes(file, self.library)
        return codes, compile_terms(self.library, codes)


@dataclass(frozen=True, slots=True)
class DesksNow:
    """All desks at one moment: a request uses one of these from its beginning to its end."""

    by_tenant: Mapping[str, Desk]
    roster: Roster

    @classmethod
    def of(cls, desks: Iterable[Desk]) -> "DesksNow":
        """From the desks of all tenants."""
        by_tenant = {desk.tenant.id: desk for desk in desks}
        return cls(by_tenant, Roster(desk.tenant for desk in by_tenant.values()))

    @property
    def any(self) -> Desk:
        """One of them, for what all share: the library and its topics."""
        return next(iter(self.by_tenant.values()))


class Desks:
    """Holds the desks and renews them. Without a tenants file there is one, and nothing to renew."""

    def __init__(
        self, build: Callable[[], Iterable[Desk]], note: Note, tenants_file: Path | None = None
    ) -> None:
        """`build` reads the tenants file; raises SettingsFaulty, and so does this."""
        self._build = build
        self._note = note
        self._files = (tenants_file,) if tenants_file else ()
        self._watch = FileWatch(self._files)
        self._reading = asyncio.Lock()
        self.latest = self._read()
        self.fault = ""  # what is wrong with the file as it stands, while an earlier one is in force

    async def now(self) -> DesksNow:
        """The desks, read anew if the file changed. Never raises for what stands in it."""
        if self._reading.locked() or self._watch.changed():
            async with self._reading:  # whoever comes while it is read waits for it
                if self._watch.changed():
                    await self._read_again()
        return self.latest

    def modes(self) -> dict[str, str]:
        """Tenant -> mode."""
        return {name: str(desk.tenant.mode) for name, desk in self.latest.by_tenant.items()}

    async def _read_again(self) -> None:
        self._watch.mark()
        try:
            self.latest = await asyncio.to_thread(self._read)
        except SettingsFaulty as error:
            self.fault = str(error)
            self._note("tenants file refused", logging.ERROR, words=self.fault)
        else:
            self.fault = ""
            self._note("tenants file read", tenants=self.modes())

    def _read(self) -> DesksNow:
        """What the files say; read twice if it turns out that another one has to be watched as well."""
        read = DesksNow.of(self._build())
        named = tuple(tenant.local_codes for tenant in read.roster.tenants if tenant.local_codes)
        if not self._files or self._watch.paths == (*self._files, *named):
            return read
        self._watch = FileWatch((*self._files, *named))
        return DesksNow.of(self._build())
