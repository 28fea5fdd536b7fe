"""Ask what stands beside a workspace: a control host, Intercom's status page, other regions' hosts.

The packaged status page is Intercom's and speaks of Intercom's own hosts; where another base URL is
asked (a sandbox), only what the configuration names is. There is no packaged control host, since
nobody's is ours to lean on: without one, the status page is what our network is judged by, which
stands on other machines than the API.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from contracts.client import IntercomClient
from contracts.clock import Clock
from contracts.outside import MOST_REDIRECTS, fetch_status, is_reachable
from contracts.statuspage import STATUS_URL
from contracts.workspaces import REGIONS, Workspace
from monitors.diagnosis import Outlook
from monitors.probes import CANARY
from monitors.settings import OFF, MonitorSettings

NEEDED: Final = 2
"""Requests that are kept for it of those that confirm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What one workspace's trouble can be compared with; `asked` below are requests."""

    workspace: Workspace
    settings: MonitorSettings
    clock: Clock

    @property
    def status_url(self) -> str | None:
        """The status page to ask, None for none."""
        named = self.settings.status_url
        if named is None:
            return None if self.workspace.base_url else STATUS_URL
        return None if named == OFF else named

    def look_around(self, budget: int, *, network_works: bool) -> tuple[Outlook, int]:
        """Ask what Intercom says, and where it is not known that our network works, who can tell;
        return how many requests that took."""
        asked, outlook = 0, Outlook()
        if self.settings.control_url and not network_works and asked < budget:
            asked += 1
            reached = is_reachable(self.settings.control_url, clock=self.clock)
            outlook = replace(outlook, is_control_reached=reached)
        if (url := self.status_url) and asked < budget:
            page = fetch_status(
                url, clock=self.clock, most_requests=min(budget - asked, 1 + MOST_REDIRECTS)
            )
            asked += page.requests
            outlook = replace(outlook, is_page_reached=page.is_reached, page=page.page)
        return outlook, asked

    def ask_other_regions(self, budget: int) -> tuple[Outlook, int]:
        """Ask `/me` of the hosts of the other regions; return how many requests that took."""
        regions: dict[str, int | None] = {}
        for region, url in self._other_hosts():
            if len(regions) >= budget:
                break
            elsewhere = replace(self.workspace, region=region, base_url=url)
            with IntercomClient(
                elsewhere,
                clock=self.clock,
                connect_timeout=self.settings.connect_timeout,
                read_timeout=self.settings.read_timeout,
            ) as client:
                response = client.send(CANARY).response
            regions[region] = response.status if response else None
        return Outlook(regions=regions), len(regions)

    def _other_hosts(self) -> Iterator[tuple[str, str]]:
        """Yield the other regions' hosts; Intercom's own only where Intercom's own host is asked,
        since the token is nobody else's business."""
        named: Mapping[str, str] = {
            str(region): url for region, url in self.settings.region_urls.items()
        }
        for region, url in REGIONS.items():
            known = named.get(region) or (None if self.workspace.base_url else url)
            if region != self.workspace.region and known is not None:
                yield region, known
