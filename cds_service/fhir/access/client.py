"""Fetching what the client did not send, from its FHIR server, with this request's token.

All queries run side by side inside one deadline. A query that fails costs its own set only; pages that
came before a fault are kept and the set is marked as cut short. No redirects, no content encodings (a
few kilobytes of gzip can be gigabytes), no retries, byte caps, and never a draft order. How much goes out at
once, and whether a server is worth asking, is up to the tenant's `Line`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import quote

import httpx

from cds_service.errors import RequestUnreadable
from cds_service.fhir.access.line import Line
from cds_service.fhir.access.opened import Answer, Opened, open_body
from cds_service.fhir.access.prefetch import (
    KEYS,
    PATIENT_TOKEN,
    TEMPLATES,
    TYPES,
    ResourceSet,
    State,
    without_copies,
)
from cds_service.fhir.access.scopes import Reach, reach
from cds_service.fhir.access.searchset import Page, read_page
from cds_service.fhir.access.servers import may_query, within
from cds_service.fhir.datatypes.elements import mapping
from cds_service.hooks import FhirAccess

OUT_OF_ORDER = frozenset((429, *range(500, 600)))  # statuses that say "not now", whatever was asked
ESSENTIAL = frozenset(("conditions",))  # asked for once more even where the client's own query failed


# Idle connections go before the server would close them, which many do after five seconds.
POOL = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=3.0)
HUNG_UP = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much one request may fetch, and from where. `servers`: bases; `loopback`: any on this machine."""

    deadline_s: float = 2.0  # for everything together
    pages: int = 100  # per set; a problem list of 831 entries came ten at a time
    page_bytes: int = 5_000_000
    total_bytes: int = 20_000_000
    servers: tuple[str, ...] = ()
    loopback: bool = False


def new_client(timeout_s: float, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """A client for FHIR servers: nothing from the environment, no redirects, and it keeps no cookies.

    One server's session must not travel with another request; `timeout_s` bounds each single step.
    `transport`: what carries the calls, None = httpx's own.
    """
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    return httpx.AsyncClient(
        timeout=timeout_s,
        trust_env=False,
        follow_redirects=False,
        cookies=no_cookies,
        transport=transport,
        # How much goes out at once is each tenant's matter (see `Line`): none uses up a common pool.
        limits=POOL,
    )


class _Unusable(Exception):
    """An answer that cannot be used: its status, size, encoding or content."""


@dataclass(slots=True)
class _Errand:
    """What all queries of one request share; `bytes_left` shrinks as answers come in."""

    access: FhirAccess
    http: httpx.AsyncClient
    limits: FetchLimits
    line: Line
    bytes_left: int
    asked: bool = False  # at least one query went out
    answered: bool = False  # at least one was answered, be it with a refusal


@dataclass(slots=True)
class _Query:
    """One set being fetched: first its own search or read, or the rest of the pages of what was sent."""

    key: str
    url: str | None  # the next page to get; None when there is none
    pages: list[Page] = field(default_factory=list)
    broken: bool = False  # ended by a fault, or by a page that we do not follow
    part_only: bool = False  # the token's scope covers only some of it


async def fetch_missing(
    sets: Mapping[str, ResourceSet],
    access: FhirAccess | None,
    patient_id: str,
    http: httpx.AsyncClient,
    limits: FetchLimits,
    line: Line | None = None,
) -> Mapping[str, ResourceSet]:
    """`sets` with what the FHIR server adds: sets not sent, more pages, and searches worth repeating.

    `line`: of the tenant, shared by its requests; None = one for this request alone. The same object where
    there is nothing to ask, no server, or none that may be asked. Never raises for what a server does.
    """
    if access is None or not may_query(access.base, limits.servers, loopback=limits.loopback):
        return sets
    queries = [query for query in (_query(sets[key], access, patient_id) for key in KEYS) if query]
    if not queries:
        return sets
    errand = _Errand(access, http, limits, line or Line(), limits.total_bytes)
    if errand.line.may_try(access.base):
        await _run_all(queries, errand)
    fetched = {query.key: _outcome(sets[query.key], query) for query in queries}
    return {key: fetched.get(key, sets[key]) for key in KEYS}


async def _run_all(queries: list[_Query], errand: _Errand) -> None:
    """Side by side, until the deadline; what came in time is in the queries."""
    try:
        async with asyncio.timeout(errand.limits.deadline_s), asyncio.TaskGroup() as group:
            for query in queries:
                group.create_task(_run(query, errand))
    except TimeoutError:
        pass
    if errand.answered:
        errand.line.answered(errand.access.base)
    elif errand.asked:
        errand.line.failed(errand.access.base)


def _query(wanted: ResourceSet, access: FhirAccess, patient_id: str) -> _Query | None:
    """The query that would complete a set, if it is not complete and the token's scope allows it."""
    covered = reach(access.scope, TYPES[wanted.key], search="?" in TEMPLATES[wanted.key])
    if covered is Reach.NONE or not patient_id.strip("."):
        return None  # an id of dots alone would be another address
    part_only = covered is Reach.PART
    if _to_ask(wanted):
        path = TEMPLATES[wanted.key].replace(PATIENT_TOKEN, quote(patient_id, safe=""))
        return _Query(wanted.key, f"{access.base}/{path.replace('|', '%7C')}", part_only=part_only)
    return _Query(wanted.key, wanted.next_url, part_only=part_only) if wanted.next_url else None


def _to_ask(wanted: ResourceSet) -> bool:
    failed = wanted.state is State.FAILED
    return wanted.state is State.NOT_SENT or wanted.ask_again or (failed and wanted.key in ESSENTIAL)


async def _run(query: _Query, errand: _Errand) -> None:
    """Page after page, until the last one, a fault or a limit."""
    seen: set[str] = set()
    while query.url is not None:
        url = within(query.url, errand.access.base)
        if url is None or str(url) in seen or len(seen) >= errand.limits.pages:
            query.broken = True
            return
        seen.add(str(url))
        try:
            page = read_page(_expected(query.key, await _get(url, errand)))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, _Unusable, ValueError):
            query.broken = True
            return
        query.pages.append(page)
        query.url = page.next_url


def _expected(key: str, answer: Answer) -> Answer:
    """The answer if it is of the kind asked for: another kind is no evidence that there is nothing."""
    kind = "Bundle" if isinstance(answer, Opened) else mapping(answer).get("resourceType")
    if kind not in ("Bundle" if "?" in TEMPLATES[key] else TYPES[key], "OperationOutcome"):
        raise _Unusable
    return answer


async def _get(url: httpx.URL, errand: _Errand) -> Answer:
    """The JSON at `url`. Raises _Unusable or an httpx error.

    A server may close a kept connection at the very moment it is used again: then it is asked once more.
    """
    try:
        return await _get_once(url, errand)
    except HUNG_UP:
        return await _get_once(url, errand)


async def _get_once(url: httpx.URL, errand: _Errand) -> Answer:
    headers = {"Accept": "application/fhir+json", "Accept-Encoding": "identity"}
    if errand.access.token is not None:
        headers["Authorization"] = f"Bearer {errand.access.token}"
    async with errand.line.slots:
        errand.asked = True
        async with errand.http.stream("GET", url, headers=headers, follow_redirects=False) as answer:
            refused = answer.status_code != httpx.codes.OK
            if refused and answer.status_code not in OUT_OF_ORDER:
                errand.answered = True
            if refused or answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
                raise _Unusable
            body = await _body(answer, errand)
            errand.answered = True
    try:
        return open_body(body)
    except RequestUnreadable:
        raise _Unusable from None


async def _body(answer: httpx.Response, errand: _Errand) -> bytes:
    """The body as it came over the wire, within the byte caps."""
    body = bytearray()
    async for chunk in answer.aiter_raw():
        body += chunk
        errand.bytes_left -= len(chunk)
        if len(body) > errand.limits.page_bytes or errand.bytes_left < 0:
            raise _Unusable
    return bytes(body)


def _outcome(sent: ResourceSet, query: _Query) -> ResourceSet:
    """A set as it stands after its query: what was sent, plus what was fetched, with honest marks."""
    good = [page for page in query.pages if not page.failed]
    missing = query.broken or query.url is not None or len(good) < len(query.pages)
    paged = sent.next_url is not None and not _to_ask(sent)
    if not good:
        return _not_had(sent)
    kind = TYPES[sent.key]
    fetched = [each for page in good for each in page.resources if each.head.resourceType == kind]
    resources = without_copies((*sent.resources, *fetched))
    announced = max((*(page.total for page in good), sent.total if paged else 0))
    held_back = (
        missing
        or announced > len(resources)
        or query.part_only
        or any(page.held_back for page in query.pages)
        or (paged and sent.held_back)
    )
    state = State.SENT if resources else State.EMPTY
    return ResourceSet(sent.key, state, resources, cut_short=held_back, held_back=held_back)


def _not_had(sent: ResourceSet) -> ResourceSet:
    """The query gave nothing: what was sent stays as it is, and what was not sent could not be had."""
    if sent.state is State.NOT_SENT:
        return replace(sent, state=State.FAILED, held_back=True)
    return sent
