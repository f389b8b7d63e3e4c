"""The trigonometric and hyperbolic functions of each element; the hyperbolic tangent is an activation."""

import math
from collections.abc import Callable
from typing import ClassVar

from nnspec.layers.arithmetic import Elementwise
from nnspec.layers.base import Example


class Sin(Elementwise):
    """The sine.

    Shapes: any -> the same. Source: torch.sin.
    """

    function: ClassVar[str | None] = "sin"
    evaluate: ClassVar[Callable[[float], float] | None] = math.sin

    examples: ClassVar = (Example("sin(a)", ("float[N, T]",)), Example("sin(a)", ("int[N]",)))


class Cos(Elementwise):
    """The cosine.

    Shapes: any -> the same. Source: torch.cos.
    """

    function: ClassVar[str | None] = "cos"
    evaluate: ClassVar[Callable[[float], float] | None] = math.cos

    examples: ClassVar = (Example("cos(a)", ("float[N, T]",)),)


class Tan(Elementwise):
    """The tangent.

    Shapes: any -> the same. Source: torch.tan.
    """

    function: ClassVar[str | None] = "tan"
    evaluate: ClassVar[Callable[[float], float] | None] = math.tan

    examples: ClassVar = (Example("tan(a)", ("float[N, T]",)),)


class Asin(Elementwise):
    """The angle between -pi/2 and pi/2 with this sine.

    Shapes: any -> the same. Source: torch.asin.
    """

    function: ClassVar[str | None] = "asin"
    evaluate: ClassVar[Callable[[float], float] | None] = math.asin

    examples: ClassVar = (Example("asin(a)", ("float[N, T]",)),)


class Acos(Elementwise):
    """The angle between 0 and pi with this cosine.

    Shapes: any -> the same. Source: torch.acos.
    """

    function: ClassVar[str | None] = "acos"
    evaluate: ClassVar[Callable[[float], float] | None] = math.acos

    examples: ClassVar = (Example("acos(a)", ("float[N, T]",)),)


class Atan(Elementwise):
    """The angle between -pi/2 and pi/2 with this tangent.

    Shapes: any -> the same. Source: torch.atan.
    """

    function: ClassVar[str | None] = "atan"
    evaluate: ClassVar[Callable[[float], float] | None] = math.atan

    examples: ClassVar = (Example("atan(a)", ("float[N, T]",)),)


class Sinh(Elementwise):
    """The hyperbolic sine.

    Shapes: any -> the same. Source: torch.sinh.
    """

    function: ClassVar[str | None] = "sinh"
    evaluate: ClassVar[Callable[[float], float] | None] = math.sinh

    examples: ClassVar = (Example("sinh(a)", ("float[N, T]",)),)


class Cosh(Elementwise):
    """The hyperbolic cosine.

    Shapes: any -> the same. Source: torch.cosh.
    """

    function: ClassVar[str | None] = "cosh"
    evaluate: ClassVar[Callable[[float], float] | None] = math.cosh

    examples: ClassVar = (Example("cosh(a)", ("float[N, T]",)),)
