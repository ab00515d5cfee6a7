"""The currencies a Clients table may be in, and the words people write for them. Pure."""

from bot.money import normal_currency

CURRENCIES = ("EUR", "USD", "KZT", "RUB")
"""What the service bills clients in; `RUR` of its tables is RUB."""
_WORDS = {
    "EUR": "euro euros евро",
    "USD": "dollar dollars us$ $us доллар доллара долларов доллары долл usd$",
    "KZT": "tenge тенге тг тнг",
    "RUB": "ruble rubles rouble roubles руб рубль рубля рублей рубли р",
}
_BY_WORD = {word: code for code, words in _WORDS.items() for word in words.split()}


def currency_of(text: str) -> str | None:
    """EUR, USD, KZT or RUB for what people write; None when it is none of these."""
    word = text.strip().casefold()
    code = _BY_WORD.get(word.rstrip(".")) or normal_currency(word)
    return code if code in CURRENCIES else None
