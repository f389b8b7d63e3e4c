"""The intermediate representation: modules and calls, as `nn.Module` and a hardware netlist have them."""

from nnspec.ir.program import Call, Module, Place, Port, Program, Scan, Tie

__all__ = ["Call", "Module", "Place", "Port", "Program", "Scan", "Tie"]
