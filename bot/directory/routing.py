"""Who is told of a client: silence, mutes, tags and currencies, absence, assignment; the owner when nobody is. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.directory.people import Client, Curator, Role, Suppression
from bot.ids import CuratorId


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who is told of one client, and who is not and why."""

    curators: tuple[CuratorId, ...]
    suppressed: Mapping[CuratorId, Suppression]

    @property
    def informed(self) -> tuple[CuratorId, ...]:
        """Who hears what was done: those who are told, and those who are not because it is somebody else's client."""
        return (*self.curators, *(one for one, why in self.suppressed.items() if why is Suppression.ASSIGNED))


def choose_recipients(
    client: Client, people: Sequence[Curator], muted: frozenset[CuratorId], now: datetime | None = None
) -> Recipients:
    """Sort a partner's curators into those who are told of this client and those who are not.

    Curators of other clients appear in neither: they have nothing to do with this one. With `now`, whoever is away is
    stood in for. When nobody of the partner is left, the owners are told who did not mute the client themselves.
    """
    here = [one for one in people if one.removed_at is None and one.follows(client.id)]
    reasons = {one.id: _reason(one, client, muted, now) for one in here}
    for one in here:
        if reasons[one.id] is Suppression.AWAY and one.stand_in in reasons:
            _stand_in(reasons, one.stand_in)
    _assign(reasons, client.assigned_to, here)
    if not any(reasons[one.id] is None for one in here if one.client_id is None):
        _call_owners(reasons, [one for one in here if one.id not in muted])
    return Recipients(
        curators=tuple(one.id for one in here if reasons[one.id] is None),
        suppressed={one: why for one, why in reasons.items() if why is not None},
    )


def _reason(person: Curator, client: Client, muted: frozenset[CuratorId], now: datetime | None) -> Suppression | None:
    silence = person.silence()
    if silence is not None:
        return silence
    if person.id in muted:
        return Suppression.MUTED
    if now is not None and person.away_until is not None and person.away_until > now:
        return Suppression.AWAY
    return None if _is_routed(person, client) else Suppression.NOT_ROUTED


def _is_routed(person: Curator, client: Client) -> bool:
    theirs = {tag.casefold() for tag in client.tags}
    by_tag = not person.only_tags or not theirs.isdisjoint(tag.casefold() for tag in person.only_tags)
    return by_tag and (not person.only_currencies or client.currency in person.only_currencies)


def _stand_in(reasons: dict[CuratorId, Suppression | None], person: CuratorId) -> None:
    """Who stands in hears of what is not its own too."""
    if reasons[person] is Suppression.NOT_ROUTED:
        reasons[person] = None


def _assign(reasons: dict[CuratorId, Suppression | None], responsible: CuratorId | None, here: list[Curator]) -> None:
    """Leave an assigned client to the one responsible, or to whoever stands in, as long as that person is told."""
    people = {one.id: one for one in here}
    if responsible in people and reasons[responsible] is Suppression.AWAY:
        responsible = people[responsible].stand_in
    if responsible not in people or reasons[responsible] not in (None, Suppression.NOT_ROUTED):
        return
    reasons[responsible] = None
    for one in here:
        if one.id != responsible and one.client_id is None and reasons[one.id] is None:
            reasons[one.id] = Suppression.ASSIGNED


def _call_owners(reasons: dict[CuratorId, Suppression | None], willing: list[Curator]) -> None:
    for one in willing:
        reachable = reasons[one.id] in (Suppression.AWAY, Suppression.NOT_ROUTED, Suppression.FINANCES_OFF)
        if one.role is Role.OWNER and reachable and one.consent_at is not None and one.stopped_at is None:
            reasons[one.id] = None
