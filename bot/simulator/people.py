"""Whose phones the page shows: those it was started with, those added later, and strangers written to."""

from collections.abc import Sequence

from bot.errors import UserError
from bot.phone import pretty_phone, whatsapp_address
from bot.simulator.send_request import good_address
from bot.simulator.settings import Person
from bot.simulator.store import Store

_NAME_MAX = 80


class People:
    """Everybody by address, in the order they came."""

    def __init__(self, store: Store, given: Sequence[Person]) -> None:
        self._store = store
        self._given = [Person(*person) for person in given]
        self._known: dict[str, Person] = {}

    async def load(self) -> None:
        """Bring back the people of the file, and add or renew those given."""
        self._known = {person.address: person for person in await self._store.people()}
        for person in self._given:
            await self.add(person)

    async def add(self, person: Person) -> Person:
        """Add somebody, or renew what is known of them. ValueError when name or address is no good."""
        try:
            address = str(whatsapp_address(person.address))
        except UserError as error:
            raise ValueError(f"{person.address!r} is not a phone number") from error
        if not good_address(address):
            raise ValueError(f"{person.address!r} is not a phone number")
        name = person.name.strip()[:_NAME_MAX] or pretty_phone(address)
        good = person._replace(address=address, name=name)
        if self._known.get(address) != good:
            await self._store.save_person(good)
            self._known[address] = good
        return good

    async def ensure(self, address: str) -> Person:
        """The person of an address; a stranger is added under the number."""
        known = self._known.get(address)
        return known or await self.add(Person(pretty_phone(address).removeprefix("whatsapp:"), address))

    def get(self, address: str) -> Person | None:
        """The person of an address, if known."""
        return self._known.get(address)

    def all(self) -> list[Person]:
        """Everybody."""
        return list(self._known.values())
