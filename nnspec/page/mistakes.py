"""Mistakes in making the page of a network: one class each."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic


class NoPage(Diagnostic):
    """The page of a network asks its user for pictures, a few numbers or texts, and this network takes something else.

    A picture is a float input [N, C, H, W] with 1, 3 or 4 channels, or a square one made flat; numbers are up to 64
    columns, float [N, K], or a class of a table, int [N]; a text is int [N, T], with the characters, the words or the
    tokenizer that are stored with the weights. Of tokenizers the page follows those of merged pairs (BPE), of pieces of
    words (WordPiece) and of whole words, and takes the same tokens as `nnspec predict`; others it refuses.
    """

    code = "E0520"
    name: str
    type: str
    reason: str
    advice: str = "a page takes pictures, up to 64 numbers, or texts; run others with nnspec predict"

    @property
    def message(self) -> str:
        return f"the input {self.name}, {self.type}, has no place on a page: {self.reason}"

    @property
    def help(self) -> str | None:
        return self.advice


class NoOnnxruntimeWeb(Diagnostic):
    """The files of onnxruntime-web, which computes a network in the browser, are not found.

    They are no part of nnspec. They are taken from the folder or package (.tgz) that `--onnxruntime-web` names, or
    else from `node_modules` in this folder or one above it, or else npm brings them.
    """

    code = "E0521"
    reason: str

    @property
    def message(self) -> str:
        return f"onnxruntime-web is not found: {self.reason}"

    @property
    def help(self) -> str | None:
        return "bring it with npm install onnxruntime-web, or name its folder: --onnxruntime-web DIR"


class OtherFiles(Diagnostic):
    """A page goes to a new or empty folder, or takes the place of an earlier page; this one holds other files."""

    code = "E0522"
    folder: str

    @property
    def message(self) -> str:
        return f"{self.folder} holds files that are no page of nnspec"

    @property
    def help(self) -> str | None:
        return "name a new folder: -o page"
