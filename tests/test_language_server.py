"""The language server through a client that starts `nnspec lsp` and speaks the protocol with it."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

pytest.importorskip("pygls", reason="the language server needs pygls: the extra `lsp`")

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

from nnspec.lsp.lines import Lines
from nnspec.service.completion import complete
from nnspec.service.document import Document
from nnspec.service.hover import hover
from nnspec.service.outline import outline
from nnspec.service.remarks import remarks
from nnspec.service.shapes import inlays

ROOT = Path(__file__).parent.parent
SPECS = ("specs/lenet5.nn", "specs/unet.nn", "examples/lenet5_digits.nn", "examples/vae_digits.nn", "specs/gpt2.nn",
         "specs/vae.nn", "examples/iris.nn", "specs/transformer.nn", "examples/three_networks.nn",
         "specs/alexnet.nn")  # fmt: skip
SIGNS = ("(", ")", "{", "}", "->", ",", "=", "Conv2d", " x ", "# ", '"', "\n", "\r\n", "\u2028", "𝒳", "residual {",
         "train {", "3", "\nmodel A {", ":", "_", ".", "if ", "é")  # fmt: skip
NET = "model A {\n  input x: float[N, 4]  # 𝒳 stands for two units\n  hidden: Linear(8) -> ReLU\n  Linear(2)\n}\n"


class Editor:
    """An editor with one text open."""

    def __init__(self, client: LanguageClient, path: Path, encoding: str) -> None:
        self.client, self.path, self.uri, self.encoding = client, path.resolve(), path.resolve().as_uri(), encoding
        self.version, self.text = 0, ""
        self.published: dict[str, lsp.PublishDiagnosticsParams] = {}

    @property
    def identifier(self) -> lsp.TextDocumentIdentifier:
        return lsp.TextDocumentIdentifier(self.uri)

    def open(self, text: str) -> None:
        self.version, self.text = self.version + 1, text
        item = lsp.TextDocumentItem(self.uri, "nnspec", self.version, text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))

    def type(self, text: str) -> None:
        self.version, self.text = self.version + 1, text
        identifier = lsp.VersionedTextDocumentIdentifier(version=self.version, uri=self.uri)
        changes = [lsp.TextDocumentContentChangeWholeDocument(text)]
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(identifier, changes))

    def close(self) -> None:
        self.client.text_document_did_close(lsp.DidCloseTextDocumentParams(self.identifier))

    def position(self, offset: int) -> lsp.Position:
        return Lines(self.text, self.encoding).position(offset)

    def at(self, words: str) -> lsp.Position:
        return self.position(self.text.index(words))

    async def mistakes(self) -> list[lsp.Diagnostic]:
        """Those of the text as it is now."""
        for _ in range(6000):
            found = self.published.get(self.uri)
            if found is not None and found.version == self.version:
                return list(found.diagnostics)
            await asyncio.sleep(0.005)
        raise AssertionError("no mistakes were published")

    async def shapes(self) -> dict[tuple[int, int], str]:
        whole = lsp.Range(lsp.Position(0, 0), lsp.Position(100_000, 0))
        found = await self.client.text_document_inlay_hint_async(lsp.InlayHintParams(self.identifier, whole))
        return {(each.position.line, each.position.character): str(each.label) for each in found or ()}


def session(path: Path, scene: Callable[[Editor], Awaitable[None]], seconds: float = 60) -> None:
    """Play a scene with a server of its own."""

    async def play() -> None:
        client = LanguageClient("test", "1")
        await client.start_io(sys.executable, "-m", "nnspec", "lsp", cwd=str(ROOT))
        asked = lsp.InitializeParams(capabilities=lsp.ClientCapabilities())
        made = await client.initialize_async(asked)
        client.initialized(lsp.InitializedParams())
        encoding = made.capabilities.position_encoding or "utf-16"
        editor = Editor(client, path, str(getattr(encoding, "value", encoding)))

        @client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: lsp.PublishDiagnosticsParams) -> None:
            editor.published[params.uri] = params

        try:
            await scene(editor)
        finally:
            await client.shutdown_async(None)
            client.exit(None)
            await client.stop()

    asyncio.run(asyncio.wait_for(play(), seconds))


def test_a_session_answers_all_that_an_editor_asks(tmp_path: Path) -> None:
    async def scene(editor: Editor) -> None:
        client = editor.client
        editor.open(NET)
        assert await editor.mistakes() == []
        assert await editor.shapes() == {
            (1, 22): "[N, 4]",
            (2, 19): "[N, 8]",
            (2, 27): "[N, 8]",
            (3, 11): "[N, 2]",
        } or (await editor.shapes() == {(2, 19): "[N, 8]", (2, 27): "[N, 8]", (3, 11): "[N, 2]"})
        told = await client.text_document_hover_async(lsp.HoverParams(editor.identifier, editor.at("Linear(8")))
        assert told is not None and "parameters: 40" in str(told.contents)

        editor.type(NET.replace("Linear(2)", "Linaer(2)"))
        (mistake,) = await editor.mistakes()
        assert mistake.range == lsp.Range(lsp.Position(3, 2), lsp.Position(3, 8))
        asked = lsp.CodeActionParams(editor.identifier, mistake.range, lsp.CodeActionContext([mistake]))
        (fix,) = await client.text_document_code_action_async(asked) or ()
        assert isinstance(fix, lsp.CodeAction) and fix.edit is not None and fix.edit.changes is not None
        assert [each.new_text for each in fix.edit.changes[editor.uri]] == ["Linear"]

        editor.type(NET.replace("-> ReLU", "-> hidden"))
        here = editor.at("hidden: ")
        found = await client.text_document_references_async(
            lsp.ReferenceParams(lsp.ReferenceContext(True), editor.identifier, here)
        )
        assert len(found or ()) == 2
        place = await client.text_document_definition_async(
            lsp.DefinitionParams(editor.identifier, editor.at("hidden\n"))
        )
        assert isinstance(place, lsp.Location) and place.range.start == here
        with pytest.raises(JsonRpcException, match="cannot be a name"):
            await client.text_document_rename_async(lsp.RenameParams(editor.identifier, here, "output"))
        words = await client.text_document_completion_async(
            lsp.CompletionParams(editor.identifier, editor.position(editor.text.index("Linear(2") + 4))
        )
        assert isinstance(words, lsp.CompletionList) and "Linear" in [each.label for each in words.items]
        (model,) = await client.text_document_document_symbol_async(lsp.DocumentSymbolParams(editor.identifier)) or ()
        assert model.name == "A"
        assert await client.text_document_folding_range_async(lsp.FoldingRangeParams(editor.identifier))
        options = lsp.FormattingOptions(2, True)
        asked_for = lsp.DocumentFormattingParams(editor.identifier, options)
        editor.type(NET.replace("Linear(2)", "Linear( 2 )"))
        assert await client.text_document_formatting_async(asked_for)
        picture = await client.workspace_execute_command_async(lsp.ExecuteCommandParams("nnspec.picture", [editor.uri]))
        assert str(picture).startswith("<svg")

    session(tmp_path / "a.nn", scene)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_lines_count_in_the_units_of_the_client(encoding: str) -> None:
    text = "a\r\n𝒳é = x\u2028y\rb"
    lines = Lines(text, encoding)
    for offset in range(len(text) + 1):
        if text[offset - 1 : offset + 1] != "\r\n":
            assert lines.offset(lines.position(offset)) == offset
    width = {"utf-8": 6, "utf-16": 3, "utf-32": 2}[encoding]
    assert lines.position(text.index(" =")) == lsp.Position(1, width)
    assert lines.position(len(text)) == lsp.Position(2, 1), "a line ends at \\r, and not at U+2028"


def test_a_text_that_another_one_imports_counts_before_it_is_saved(tmp_path: Path) -> None:
    (tmp_path / "part.nn").write_text("block B { Linear(3) }\n")

    async def scene(editor: Editor) -> None:
        editor.open('import B from "part.nn"\nmodel A { input x: float[N, 4]\n  B\n}\n')
        assert await editor.mistakes() == []
        part = Editor(editor.client, tmp_path / "part.nn", editor.encoding)
        part.published = editor.published
        part.open("block B { Linear(3) }\n")
        assert await part.mistakes() == []
        part.type("block B { Linear(0) }\n")
        while not await editor.mistakes():  # those of before are told first
            await asyncio.sleep(0.005)
        part.type("block B { Linear(5) }\n")
        assert (2, 3) in await editor.shapes() and "[N, 5]" in (await editor.shapes()).values()

    session(tmp_path / "a.nn", scene)


def edited(text: str, draw: random.Random) -> str:
    """A text after one edit of any kind."""
    at = draw.randrange(len(text) + 1)
    if draw.random() < 0.45:
        return text[:at] + text[at + draw.randrange(1, 12) :]
    return text[:at] + draw.choice(SIGNS) + text[at:]


async def _edits(editor: Editor, spec: Path, count: int, draw: random.Random) -> None:
    """Edit a spec, and compare every answer with one on the text as it is."""
    whole = spec.read_text()
    editor.open(whole)
    for number in range(count):
        editor.type(edited(whole if number % 8 == 0 else editor.text, draw))
        document = Document(editor.text, editor.path)
        lines = Lines(editor.text, editor.encoding)
        wanted = {}
        for each in inlays(document):
            place = lines.position(each.offset)
            wanted[place.line, place.character] = each.text
        assert await editor.shapes() == wanted
        offset = lines.offset(lines.position(draw.randrange(len(editor.text) + 1)))
        here = lines.position(offset)
        told = await editor.client.text_document_hover_async(lsp.HoverParams(editor.identifier, here))
        known = hover(document, offset)
        assert (told is None) == (known is None)
        words = await editor.client.text_document_completion_async(lsp.CompletionParams(editor.identifier, here))
        assert isinstance(words, lsp.CompletionList)
        assert [each.label for each in words.items] == [each.label for each in complete(document, offset)]
        symbols = await editor.client.text_document_document_symbol_async(lsp.DocumentSymbolParams(editor.identifier))
        assert [each.name for each in symbols or ()] == [each.name for each in outline(document)]
        if number % 4 == 3:
            found = await editor.mistakes()
            assert [each.message for each in found] == [each.text for each in remarks(document)]
    editor.close()


def _session_of_edits(tmp_path: Path, specs: tuple[str, ...], count: int, seed: int) -> None:
    draw = random.Random(seed)

    async def scene(editor: Editor) -> None:
        for spec in specs:
            one = Editor(editor.client, tmp_path / Path(spec).name, editor.encoding)
            one.published = editor.published
            await _edits(one, ROOT / spec, count, draw)

    session(tmp_path / "a.nn", scene, 900)


def test_no_answer_is_stale_while_a_text_is_edited(tmp_path: Path) -> None:
    _session_of_edits(tmp_path, SPECS[:2], 6, 1)


@pytest.mark.slow
def test_no_answer_is_stale_in_500_edits_of_ten_specs(tmp_path: Path) -> None:
    _session_of_edits(tmp_path, SPECS, 50, 2)
