"""Mistakes in a file of weights; one class each."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic


class UnreadableWeights(Diagnostic):
    """A file of weights is missing, damaged, or of a format that is not read.

    Read are safetensors (`.safetensors`), their indices of several files (`.safetensors.index.json`), and PyTorch
    checkpoints of plain tensors (`.pt`, `.pth`, `.bin`). A checkpoint that needs more of pickle than tensors is
    refused: reading it could run code.
    """

    code = "E0707"
    path: str
    reason: str

    @property
    def message(self) -> str:
        return f"cannot read the weights {self.path}: {self.reason}"

    @property
    def help(self) -> str | None:
        return "give a .safetensors file, its .index.json, or a checkpoint of tensors written with torch.save"


class WrongWeights(Diagnostic):
    """The weights in a file are not those of the model: every key must be there, with its shape, and no other.

    Keys that a published file spells differently are declared in the model: `rename "*.gamma" -> "*.weight"`, and
    those that it holds beside the weights: `rename "*.position_ids" -> ""`. `--partial` passes over all that the model
    does not have, `drop = [head]` in the train block lets a part start anew. `nnspec weights check` looks for a command
    that fits.
    """

    code = "E0708"
    path: str
    model: str
    differences: tuple[str, ...]
    agreeing: int
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"the weights in {self.path} are not those of {self.model}"

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self.differences, f"{self.agreeing:,} keys agree")

    @property
    def help(self) -> str | None:
        return (
            self.advice or "give the model the arguments that it was trained with (--set name=value), or other weights"
        )


class NoNumbers(Diagnostic):
    """A weight holds NaN or infinity, as training leaves them that has diverged: whatever it computes is NaN too.

    A model of such weights agrees with itself everywhere, and says nothing. Infinities in buffers, such as masks, are
    taken.
    """

    code = "E0720"
    path: str
    key: str
    held: str

    @property
    def message(self) -> str:
        return f"{self.key} in {self.path} holds {self.held}"

    @property
    def help(self) -> str | None:
        return "take weights of before: best.safetensors of the run, or train again with a lower learning rate"
