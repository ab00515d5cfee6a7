"""The story that `demo --script` plays: a morning of three curators, each step waited for."""

from dataclasses import asdict, dataclass, field
from datetime import timedelta

from bot.app.house import House
from bot.app.simulation import move_clock
from bot.billing.checking import LedgerReport, check
from bot.cli.output import console, escaped
from bot.clock import SystemClock
from bot.directory.people import Partner
from bot.imports.samples import sample_curators
from bot.simulator.server import Simulator
from bot.simulator.views import Line

_STEP_SECONDS = 5.0
_STRANGER = "whatsapp:+37129999999"


@dataclass(frozen=True, slots=True)
class Step:
    """One message of the story: who wrote what to whom, and what became of it."""

    who: str
    to: str
    text: str
    state: str


@dataclass(slots=True)
class Result:
    """How the story went. `problem` names the first step that did not happen."""

    ok: bool = False
    problem: str = ""
    steps: list[Step] = field(default_factory=list)
    ledger: LedgerReport | None = None

    def document(self) -> dict[str, object]:
        """The answer of `demo --script --json`."""
        books = {"ok": self.ledger.ok, "transactions": self.ledger.transactions} if self.ledger else {"ok": False}
        return {
            "ok": self.ok,
            "problem": self.problem or None,
            "steps": [asdict(step) for step in self.steps],
            "ledger": books,
        }


class _BrokenOff(Exception):
    pass


class _Teller:
    """Says lines as people, and waits for the product's answers."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._seen: dict[str, int] = {}

    async def hears(self, address: str, *needles: str) -> Line:
        """The person's next message that holds all of these; it is what the step was for."""

        def wanted(line: Line) -> bool:
            return line.address == address and not line.inbound and all(needle in line.text for needle in needles)

        try:
            line = await self._simulator.wait_for(wanted, _STEP_SECONDS, self._seen.get(address, 0))
        except TimeoutError as error:
            raise _BrokenOff(f"{address} did not get a message with {' and '.join(needles)!r}") from error
        self._seen[address] = line.seq
        await self._simulator.read(address)
        return line

    async def says(self, address: str, text: str) -> None:
        """The person writes."""
        line = await self._simulator.say(address, text)
        if line.state == "failed":
            raise _BrokenOff(f"the webhook did not take {text!r}")

    async def taps(self, address: str, title: str) -> None:
        """The person taps the latest button of that title."""
        try:
            await self._simulator.tap(address, title)
        except LookupError as error:
            raise _BrokenOff(f"there is no button {title!r}: {error}") from error


async def tell(house: House, simulator: Simulator, partner: Partner, *, narrate: bool) -> Result:
    """Play the story once. `ok` only if every step happened and the books are right."""
    result = Result()
    try:
        await _morning(house, _Teller(simulator))
        result.ok = True
    except _BrokenOff as broken:
        result.problem = str(broken)
    await simulator.settle()
    names = {f"whatsapp:{one.phone}": one.name for one in sample_curators()} | {_STRANGER: "a stranger"}
    for line in await simulator.transcript():
        person = names.get(line.address, line.address)
        text = line.text + "".join(f"\n[{button.title}]" for button in line.buttons)
        who, to = (person, "curatorbot") if line.inbound else ("curatorbot", person)
        result.steps.append(Step(who, to, text, line.state))
        if narrate:
            _print(result.steps[-1])
    result.ledger = await house.db.read(check)
    result.ok = result.ok and result.ledger.ok
    if narrate and result.ok:
        console.print(
            f"[green]The books are right[/green]: {result.ledger.transactions} transactions, every sum checked."
        )
    return result


async def _morning(house: House, teller: _Teller) -> None:
    anna, marta, tom = (f"whatsapp:{one.phone}" for one in sample_curators())
    await teller.hears(anna, "Finances")
    await teller.hears(marta, "Финансы")
    await teller.hears(tom, "Finances")
    await teller.taps(anna, "Show list")
    listed = await teller.hears(anna, "Gamma Travel", "Alfa Dental")
    await teller.says(anna, _number_of("Alfa Dental", listed))
    await teller.hears(anna, "Alfa Dental", "Inbox, 5 channels")
    await teller.taps(anna, "Renew")
    await teller.hears(anna, "Alfa Dental", "€936.00", "€264.00")
    await teller.taps(anna, "Confirm")
    await _held(house, teller, anna, "Renewing *Alfa Dental*")
    await teller.hears(anna, "Renewed", "Alfa Dental", "€1,440.00", "€264.00")
    await teller.hears(marta, "Alfa Dental")
    await teller.says(anna, "topup beta 100")
    await teller.hears(anna, "Beta Kids", "€52.65")
    await teller.taps(anna, "Subscribe, then pay")
    await _held(house, teller, anna, "Subscribing *Beta Kids*")
    await teller.hears(anna, "Subscribed", "Beta Kids", "€211.35")
    await teller.says(marta, "баланс альфа дентал")
    await teller.hears(marta, "Alfa Dental")
    await teller.says(tom, "topup 48210033 50")
    await teller.hears(tom, "")
    await teller.says(_STRANGER, "balance alfa")
    await teller.hears(_STRANGER, "")
    await _later(house, timedelta(days=1))
    await teller.hears(anna, "Finances")
    await teller.says(anna, "partner")
    await teller.hears(anna, "€211.35")


def _number_of(company: str, listed: Line) -> str:
    return next(row.split(".")[0] for row in listed.text.splitlines() if f". {company}:" in row)


async def _held(house: House, teller: _Teller, address: str, what: str) -> None:
    """The money is only held; the story's clock lets the time for an Undo pass."""
    seconds = house.env.around.undo_seconds
    if seconds:
        await teller.hears(address, what, "Nothing moved yet")
        await _later(house, timedelta(seconds=seconds))


async def _later(house: House, by: timedelta) -> None:
    assert isinstance(house.clock, SystemClock)
    await move_clock(house.db, house.clock, by)
    await house.scheduler.tick()


def _print(step: Step) -> None:
    mine = step.who == "curatorbot"
    console.print(f"[dim]{step.who} → {step.to} ({step.state})[/dim]")
    console.print(escaped(step.text), style="green" if mine else "cyan")
    console.print()
