"""Symbolic sizes: exact integer arithmetic on dimensions that may be unknown.

A `Size` is a plain `int` where the number is known, else an `Expression`: one affine numerator over one
positive divisor, `(2*H + 31)//32`. Convolution and pooling are closed under that form, because for integers
`a//d + k == (a + k*d)//d` and `(a//d)//e == a//(d*e)` hold exactly. What is not affine (the product in a
flatten, a floor that is scaled) becomes an opaque atom, compared by its structure.

The one thing to know: `==` between sizes is equality of form. Where the question is whether two sizes *must*
agree, ask `equal`, which answers True, False or None (it depends on the symbols).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import reduce
from math import gcd
from typing import Any, Union

from nnspec.cached import cached_property

__all__ = [
    "Expression",
    "Size",
    "Symbol",
    "Undecidable",
    "at_least",
    "bounds",
    "ceil_divide",
    "equal",
    "exact_divide",
    "from_json",
    "minimum",
    "product",
    "solve",
    "substitute",
    "symbol",
    "symbols",
    "to_json",
]


class Undecidable(ArithmeticError):
    """A question about sizes that has no answer before the symbols are numbers."""


class Atom:
    """A unit of an affine numerator: a symbol, a product of sizes, or a floor that could not be absorbed."""

    text: str
    bounds: tuple[int, int | None]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Atom) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return self.text


class Symbol(Atom):
    """A named dimension, at least `minimum` and, where it is bounded, at most `maximum`."""

    def __init__(self, name: str, minimum: int = 1, maximum: int | None = None) -> None:
        self.text = name
        self.bounds = (minimum, maximum)


class Product(Atom):
    """A product of two or more sizes, in one fixed order."""

    def __init__(self, factors: Iterable[Expression]) -> None:
        self.factors = tuple(sorted(factors, key=str))
        self.text = "*".join(_factor_text(factor) for factor in self.factors)
        self.bounds = reduce(_multiply_bounds, (bounds(factor) for factor in self.factors))


class Floor(Atom):
    """`numerator//divisor` inside a larger sum or product."""

    def __init__(self, inner: Expression) -> None:
        self.inner = inner
        self.text = str(inner)
        self.bounds = bounds(inner)


class Expression:
    """`(sum of coefficient*atom + constant)//divisor`, normalised and never a mere number."""

    __slots__ = ("__dict__", "constant", "divisor", "terms")

    def __init__(self, terms: tuple[tuple[Atom, int], ...], constant: int, divisor: int) -> None:
        self.terms = terms
        self.constant = constant
        self.divisor = divisor

    @cached_property
    def _text(self) -> str:
        parts: list[str] = []
        for atom, coefficient in self.terms:
            sign = "-" if coefficient < 0 else "+"
            scale = "" if abs(coefficient) == 1 else f"{abs(coefficient)}*"
            body = f"({atom.text})" if isinstance(atom, Floor) and coefficient != 1 else atom.text
            parts.append(f" {sign} {scale}{body}")
        if self.constant:
            parts.append(f" {'-' if self.constant < 0 else '+'} {abs(self.constant)}")
        text = "".join(parts)
        text = text[3:] if text.startswith(" + ") else "-" + text[3:]
        if self.divisor == 1:
            return text
        single = len(self.terms) == 1 and not self.constant and self.terms[0][1] == 1
        return f"{text if single else f'({text})'}//{self.divisor}"

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """A model's field may be `int | Expression`: the number is tried first, the JSON form is read back."""
        from pydantic_core import core_schema

        def read(value: Any) -> Expression:
            size = value if isinstance(value, Expression) else from_json(value)
            if not isinstance(size, Expression):
                raise ValueError(f"{value!r} is not a symbolic size")
            return size

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(to_json)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "object", "required": ["terms"]}

    def __add__(self, other: Size) -> Size:
        if isinstance(other, int):
            return _build(dict(self.terms), self.constant + other * self.divisor, self.divisor)
        if not isinstance(other, Expression):
            return NotImplemented
        return _sum([self, other])

    __radd__ = __add__

    def __neg__(self) -> Size:
        return self * -1

    def __sub__(self, other: Size) -> Size:
        return self + other * -1 if isinstance(other, (int, Expression)) else NotImplemented

    def __rsub__(self, other: Size) -> Size:
        return self * -1 + other

    def __mul__(self, other: Size) -> Size:
        if isinstance(other, int):
            if other == 1:
                return self
            if self.divisor != 1:
                rest, whole = _floor_atom(self)
                scaled = whole * other
                return scaled + _build({rest: other}, 0, 1) if rest else scaled
            return _build({atom: c * other for atom, c in self.terms}, self.constant * other, 1)
        if not isinstance(other, Expression):
            return NotImplemented
        return _multiply(self, other)

    __rmul__ = __mul__

    def __floordiv__(self, other: Size) -> Size:
        if isinstance(other, int):
            if other <= 0:
                raise Undecidable(f"{self}//{other}: the divisor must be positive")
            return _build(dict(self.terms), self.constant, self.divisor * other)
        return exact_divide(self, other)

    def __mod__(self, other: Size) -> Size:
        if not isinstance(other, int):
            raise Undecidable(f"the remainder of {self} by {other} depends on both")
        return self - (self // other) * other


Size = Union[int, Expression]  # noqa: UP007 - `int | Expression` would need Expression before the class is made


def _factor_text(factor: Expression) -> str:
    text = str(factor)
    plain = factor.divisor == 1 and len(factor.terms) == 1 and not factor.constant
    return text if plain else f"({text})"


def _multiply_bounds(a: tuple[int, int | None], b: tuple[int, int | None]) -> tuple[int, int | None]:
    if a[1] is None or b[1] is None:
        return (a[0] * b[0] if a[0] >= 0 and b[0] >= 0 else -(2**62), None)
    corners = [x * y for x in a for y in b if x is not None and y is not None]
    return min(corners), max(corners)


def _build(terms: dict[Atom, int], constant: int, divisor: int) -> Size:
    """The normal form of `(sum of terms + constant)//divisor`."""
    kept = {atom: c for atom, c in terms.items() if c}
    if not kept:
        return constant // divisor
    if divisor > 1:
        common = reduce(gcd, kept.values(), divisor)
        if common > 1:  # (g*A + k)//(g*d) == (A + k//g)//d
            kept = {atom: c // common for atom, c in kept.items()}
            constant, divisor = constant // common, divisor // common
    floors = [atom for atom in kept if isinstance(atom, Floor)]
    if len(floors) == 1 and kept[floors[0]] == 1:  # a + b//d == (a*d + b)//d: one floor is always absorbed
        inner = floors[0].inner
        terms = dict(inner.terms)
        for atom, coefficient in kept.items():
            if atom is not floors[0]:
                terms[atom] = terms.get(atom, 0) + coefficient * inner.divisor
        return _build(terms, inner.constant + constant * inner.divisor, inner.divisor * divisor)
    return Expression(tuple(sorted(kept.items(), key=lambda item: item[0].text)), constant, divisor)


def _floor_atom(size: Expression) -> tuple[Atom | None, int | Size]:
    """`size` with divisor > 1 as (floor atom of the fraction, whole part taken out of it)."""
    divisor = size.divisor
    whole: Size = _build({a: c // divisor for a, c in size.terms}, size.constant // divisor, 1)
    rest = _build({a: c % divisor for a, c in size.terms}, size.constant % divisor, divisor)
    if isinstance(rest, int):
        return None, whole + rest
    return Floor(rest), whole


def _sum(sizes: Iterable[Expression]) -> Size:
    terms: dict[Atom, int] = {}
    constant = 0
    pending = list(sizes)
    while pending:
        size = pending.pop()
        if size.divisor != 1:
            atom, whole = _floor_atom(size)
            if atom is not None:
                terms[atom] = terms.get(atom, 0) + 1
            if isinstance(whole, Expression):
                pending.append(whole)
            else:
                constant += whole
            continue
        constant += size.constant
        for atom, coefficient in size.terms:
            terms[atom] = terms.get(atom, 0) + coefficient
    return _build(terms, constant, 1)


def _factors(size: Size) -> tuple[int, list[Expression]]:
    """`size` as a number times factors whose product it is."""
    if isinstance(size, int):
        return size, []
    if size.divisor != 1:
        return 1, [size]
    if len(size.terms) == 1 and not size.constant:
        ((atom, coefficient),) = size.terms
        if isinstance(atom, Product):
            return coefficient, list(atom.factors)
        return coefficient, [_single(atom)]
    common = reduce(gcd, (c for _, c in size.terms), size.constant)
    inner = _build({a: c // common for a, c in size.terms}, size.constant // common, 1)
    return common, [inner] if isinstance(inner, Expression) else []


def _single(atom: Atom) -> Expression:
    size = _build({atom: 1}, 0, 1)
    assert isinstance(size, Expression)
    return size


def _multiply(left: Size, right: Size) -> Size:
    scale_left, factors = _factors(left)
    scale_right, more = _factors(right)
    factors = factors + more
    scale = scale_left * scale_right
    if not factors or scale == 0:
        return scale
    if len(factors) == 1:
        return factors[0] * scale
    return _build({Product(factors): scale}, 0, 1)


def product(sizes: Iterable[Size]) -> Size:
    """The product of the sizes; 1 for none."""
    total: Size = 1
    for size in sizes:
        total = total * size
    return total


def exact_divide(numerator: Size, denominator: Size) -> Size:
    """`numerator / denominator` where it is known to leave no remainder.

    Raises:
        Undecidable: the quotient is not exact, or cannot be shown to be.
    """
    if isinstance(numerator, int) and isinstance(denominator, int):
        if denominator <= 0 or numerator % denominator:
            raise Undecidable(f"{numerator} is not a multiple of {denominator}")
        return numerator // denominator
    if numerator == denominator:
        return 1
    scale, factors = _factors(numerator)
    by, divisors = _factors(denominator)
    for divisor in divisors:
        if divisor not in factors:
            raise Undecidable(f"{numerator} is not known to be a multiple of {denominator}")
        factors.remove(divisor)
    if by == 0 or scale % by:
        raise Undecidable(f"{numerator} is not known to be a multiple of {denominator}")
    return product([*factors, scale // by])


def ceil_divide(size: Size, divisor: int) -> Size:
    """`size / divisor`, rounded up."""
    return (size + (divisor - 1)) // divisor


def bounds(size: Size) -> tuple[int, int | None]:
    """The least and greatest value that the symbols' own bounds allow (None: no upper bound)."""
    if isinstance(size, int):
        return size, size
    low: int = size.constant
    high: int | None = size.constant
    unbounded_below = False
    for atom, coefficient in size.terms:
        least, most = atom.bounds
        if coefficient > 0:
            low += coefficient * least
            high = None if high is None or most is None else high + coefficient * most
        else:
            unbounded_below = unbounded_below or most is None
            low += coefficient * (most or 0)
            high = None if high is None else high + coefficient * least
    floor_low = -(2**62) if unbounded_below else low // size.divisor
    return floor_low, None if high is None else high // size.divisor


def equal(left: Size, right: Size) -> bool | None:
    """Whether two sizes agree: always (True), never (False), or for some values only (None)."""
    if left == right:
        return True
    difference = left - right
    if isinstance(difference, int):
        return difference == 0
    low, high = bounds(difference)
    if low > 0 or (high is not None and high < 0):
        return False
    if difference.divisor == 1 and difference.constant % reduce(gcd, (c for _, c in difference.terms)):
        return False  # 32*h + 1 is never a multiple of 32
    return None


def at_least(left: Size, right: Size) -> bool:
    """Whether `left >= right` is known for all values of the symbols: `H >= 2*(H//2)` is."""
    difference = left - right
    if isinstance(difference, int):
        return difference >= 0
    terms, low = _without_floors(difference, difference.divisor, below=True)
    for atom, coefficient in terms.items():
        least, most = atom.bounds
        if coefficient < 0 and most is None:
            return False
        low += coefficient * (least if coefficient > 0 else most or 0)
    return low > -1  # the numerator is a whole number


def _without_floors(size: Expression, scale: int, below: bool) -> tuple[dict[Atom, Fraction], Fraction]:
    """An affine form that `size * scale` never goes below (or above), from (x - d + 1)/d <= x//d <= x/d."""
    factor = Fraction(scale, size.divisor)
    constant = Fraction(size.constant - (size.divisor - 1 if below and scale != size.divisor else 0))
    terms: dict[Atom, Fraction] = {}
    for atom, coefficient in size.terms:
        inner, rest = {atom: Fraction(1)}, Fraction(0)
        if isinstance(atom, Floor):
            inner, rest = _without_floors(atom.inner, 1, below == (coefficient > 0))
        constant += coefficient * rest
        for part, share in inner.items():
            terms[part] = terms.get(part, Fraction(0)) + coefficient * share * factor
    return terms, constant * factor


def minimum(left: Size, right: Size) -> Size:
    """The smaller of two sizes.

    Raises:
        Undecidable: which one is smaller depends on the symbols.
    """
    difference = right - left
    low, high = bounds(difference)
    if low >= 0:
        return left
    if high is not None and high <= 0:
        return right
    raise Undecidable(f"whether {left} or {right} is smaller depends on the symbols")


def symbols(size: Size) -> set[Symbol]:
    """The symbols that a size depends on."""
    found: set[Symbol] = set()
    if isinstance(size, Expression):
        for atom, _ in size.terms:
            if isinstance(atom, Symbol):
                found.add(atom)
            elif isinstance(atom, Product):
                found.update(*(symbols(factor) for factor in atom.factors))
            elif isinstance(atom, Floor):
                found |= symbols(atom.inner)
    return found


def substitute(size: Size, values: Mapping[str, Size]) -> Size:
    """`size` with sizes put in for symbols, by name; symbols that are not named stay."""
    if isinstance(size, int):
        return size
    total: Size = size.constant
    for atom, coefficient in size.terms:
        value: Size
        if isinstance(atom, Symbol):
            value = values.get(atom.text, _single(atom))
        elif isinstance(atom, Product):
            value = product(substitute(factor, values) for factor in atom.factors)
        else:
            assert isinstance(atom, Floor)
            value = substitute(atom.inner, values)
        total = value * coefficient + total
    return total // size.divisor


def symbol(name: str, minimum: int = 1, maximum: int | None = None) -> Expression:
    """The size that a named dimension stands for."""
    return _single(Symbol(name, minimum, maximum))


def solve(pattern: Size, actual: Size) -> tuple[Symbol, Size] | None:
    """The symbol of a one-symbol pattern such as `32*h + 1`, and the value that makes it equal `actual`.

    Returns None where no whole number does. The pattern must be affine in one symbol, without a division.
    """
    if isinstance(pattern, int) or pattern.divisor != 1 or len(pattern.terms) != 1:
        return None
    ((atom, coefficient),) = pattern.terms
    if not isinstance(atom, Symbol) or coefficient <= 0:
        return None
    value = _whole_quotient(actual - pattern.constant, coefficient)
    return None if value is None else (atom, value)


def _whole_quotient(size: Size, divisor: int) -> Size | None:
    """`size / divisor` where every term is known to be a multiple; None elsewhere."""
    if divisor == 1:
        return size
    if isinstance(size, int):
        return None if size % divisor else size // divisor
    if size.divisor != 1 or size.constant % divisor or any(c % divisor for _, c in size.terms):
        return None
    return size // divisor


def to_json(size: Size) -> Any:
    """A size as JSON: a number, or {"terms": [[coefficient, atom], ...], "constant": k, "divisor": d}."""
    if isinstance(size, int):
        return size
    form: dict[str, Any] = {"terms": [[c, _atom_to_json(atom)] for atom, c in size.terms]}
    if size.constant:
        form["constant"] = size.constant
    if size.divisor != 1:
        form["divisor"] = size.divisor
    return form


def _atom_to_json(atom: Atom) -> Any:
    if isinstance(atom, Product):
        return {"product": [to_json(factor) for factor in atom.factors]}
    if isinstance(atom, Floor):
        return {"floor": to_json(atom.inner)}
    low, high = atom.bounds
    form: dict[str, Any] = {"symbol": atom.text}
    if low != 1:
        form["minimum"] = low
    if high is not None:
        form["maximum"] = high
    return form


def from_json(form: Any) -> Size:
    """The size that `to_json` wrote.

    Raises:
        ValueError: the form is not one that `to_json` writes.
    """
    if isinstance(form, int) and not isinstance(form, bool):
        return form
    try:
        total: Size = _whole(form.get("constant", 0))
        for coefficient, atom in form["terms"]:
            total = _atom_from_json(atom) * _whole(coefficient) + total
        return total // _whole(form.get("divisor", 1), 1)
    except (KeyError, TypeError, AttributeError, ValueError, Undecidable) as error:
        raise ValueError(f"not a size: {form!r}") from error


def _whole(value: Any, least: int = -(2**62)) -> int:
    """A number of the JSON form.

    Raises:
        ValueError: it is no integer of that size.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**62:
        raise ValueError(f"{value!r} is not a whole number")
    return value


def _atom_from_json(form: dict[str, Any]) -> Size:
    if "product" in form:
        return product(from_json(factor) for factor in form["product"])
    if "floor" in form:
        return from_json(form["floor"])
    name, high = form["symbol"], form.get("maximum")
    if not isinstance(name, str) or not (name.isidentifier() and name.isascii()):
        raise ValueError(f"{name!r} is not the name of a symbol")
    return symbol(name, _whole(form.get("minimum", 1)), None if high is None else _whole(high))


def operand(size: Size) -> str:
    """A size as an operand of arithmetic: in parentheses, unless it is a number or a symbol."""
    text = str(size)
    return text if isinstance(size, int) or text.isidentifier() else f"({text})"
