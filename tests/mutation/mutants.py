"""The mutants of one module, made by mutmut: the text with all of them in it, and what each is called."""

import ast
from collections import defaultdict
from dataclasses import dataclass

from mutmut.mutation.file_mutation import mutate_file_contents

from tests.mutation.changes import Change, change, numbered, twins

_ORIGINAL = "orig"
_SEPARATOR = "ǁ"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small fault put into one function."""

    key: str
    """What mutmut calls it in the mutated text: `x_charge__mutmut_7`. Changes with every edit of the function."""
    function: str
    name: str
    """`old -> new`, told apart from equal ones by ` #2`: with the function, what it is known by from run to run."""
    change: Change
    twin: bool
    span: tuple[int, int]
    """First and last line in the mutated text."""


@dataclass(frozen=True, slots=True)
class Mutated:
    """A module's text with every mutant of it beside the original functions, and these mutants."""

    text: str
    mutants: list[Mutant]
    originals: dict[str, tuple[int, int]]
    """Key of the function to first and last line of its unchanged copy in the text."""


def mutate(path: str, source: str) -> Mutated:
    """Every mutant of the source; mutmut leaves decorated functions and what is outside of functions alone."""
    text = mutate_file_contents(path, source).code
    lines = text.splitlines()
    spans: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "__mutmut_" in node.name:
            base, _, number = node.name.rpartition("__mutmut_")
            spans[base][number] = (node.lineno, node.end_lineno or node.lineno)
    mutants: list[Mutant] = []
    for base, by_number in spans.items():
        mutants += _of_function(lines, base, by_number)
    return Mutated(text, mutants, {base: by_number[_ORIGINAL] for base, by_number in spans.items()})


def function_name(base: str) -> str:
    """`x_charge` is `charge`, `xǁGatewayǁpay` is `Gateway.pay`."""
    return base.removeprefix("x_") if _SEPARATOR not in base else ".".join(base.split(_SEPARATOR)[1:])


def _of_function(lines: list[str], base: str, spans: dict[str, tuple[int, int]]) -> list[Mutant]:
    numbers = sorted((number for number in spans if number != _ORIGINAL), key=int)
    bodies = {number: _body(lines, span, f"{base}__mutmut_{number}") for number, span in spans.items()}
    original = bodies[_ORIGINAL]
    changes = [change(original, bodies[number]) for number in numbers]
    names = numbered(each.text for each in changes)
    are_twins = twins("\n".join(original), ["\n".join(bodies[number]) for number in numbers])
    return [
        Mutant(f"{base}__mutmut_{number}", function_name(base), name, each, twin, spans[number])
        for number, name, each, twin in zip(numbers, names, changes, are_twins, strict=True)
    ]


def _body(lines: list[str], span: tuple[int, int], key: str) -> list[str]:
    plain = key.partition("__mutmut_")[0].removeprefix("x_").rpartition(_SEPARATOR)[2]
    return [line.replace(key, plain) for line in lines[span[0] - 1 : span[1]]]
