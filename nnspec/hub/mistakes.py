"""Mistakes in folders as the Hub has them; one class each."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic


class UnreadableFolder(Diagnostic):
    """A file of a folder as the Hub has it is missing, damaged, or holds what cannot be.

    Read are `config.json`, `model.safetensors` or its index and shards, `tokenizer.json`, `tokenizer_config.json`,
    `special_tokens_map.json`, `generation_config.json`, `preprocessor_config.json` and `chat_template.jinja`. No code
    of a folder is run, whatever it holds.
    """

    code = "E0580"
    path: str
    reason: str

    @property
    def message(self) -> str:
        return f"cannot read {self.path}: {self.reason}"

    @property
    def help(self) -> str | None:
        return "take the folder as transformers' save_pretrained writes it, of the model and of the tokenizer"


class AdapterFolder(Diagnostic):
    """A folder holds an adapter, such as LoRA's, which changes the weights of another model and is none by itself.

    Merged into that model it is a model as any other.
    """

    code = "E0598"
    path: str
    kind: str | None
    base: str | None

    @property
    def message(self) -> str:
        kind = f" ({self.kind})" if self.kind else ""
        return f"{self.path} is an adapter{kind} for {self.base or 'another model'}, and no model by itself"

    @property
    def help(self) -> str | None:
        merged = f"peft.PeftModel.from_pretrained(MODEL, {self.path!r}).merge_and_unload().save_pretrained(FOLDER)"
        return f"merge it into its model: {merged}"


class NoWeightsInFolder(Diagnostic):
    """A folder as the Hub has it holds no file of weights that is read.

    Its layers can be shown, drawn and written as PyTorch source all the same.
    """

    code = "E0581"
    path: str
    found: tuple[str, ...]

    @property
    def message(self) -> str:
        held = f", but {', '.join(self.found)}" if self.found else ""
        return f"{self.path} has no model.safetensors, and no index of its parts{held}"

    @property
    def help(self) -> str | None:
        return "save it again with model.save_pretrained(FOLDER), or name a file of weights: --weights FILE"


class NoChatTemplate(Diagnostic):
    """A conversation is asked for, and nothing that is stored with the model says how one is written."""

    code = "E0582"
    source: str

    @property
    def message(self) -> str:
        return f"{self.source} holds no chat template, so how a conversation is written is not known"

    @property
    def help(self) -> str | None:
        return "write the prompt as the model was trained to read it, without --chat"


class BadTemplate(Diagnostic):
    """A chat template cannot be used: it is damaged, refuses the conversation, or does what a template must not.

    Templates come from whoever made the model. They run in Jinja's sandbox, which lets them change nothing and see
    nothing but the messages, and their loops and results are bounded.
    """

    code = "E0583"
    reason: str

    @property
    def message(self) -> str:
        return f"the chat template of the model cannot be used: {self.reason}"

    @property
    def help(self) -> str | None:
        return "write the prompt as the model was trained to read it, without --chat"


class CannotFetch(Diagnostic):
    """A model of the Hub cannot be fetched: there is none of that name, it asks for a login, or there is no network.

    `hf://owner/name@revision` is the only name of a model for which nnspec uses the network, through huggingface_hub.
    What that has fetched stays in its cache, and is used from there without a network.
    """

    code = "E0584"
    address: str
    reason: str
    advice: str = "look at the name and the revision; behind a login, `hf auth login` first"

    @property
    def message(self) -> str:
        return f"cannot fetch {self.address}: {self.reason}"


class BadAddress(Diagnostic):
    """The address of a model on the Hub is written hf://owner/name or hf://owner/name@revision."""

    code = "E0585"
    address: str

    @property
    def message(self) -> str:
        return f"{self.address} is no address of a model on the Hub"

    @property
    def help(self) -> str | None:
        return "write it hf://owner/name, or hf://owner/name@revision for a branch, a tag or a commit"


class UnreadableTokenizer(Diagnostic):
    """What is given as a tokenizer is no `tokenizer.json`, and no folder with one.

    Tokenizers in the form of other files (`vocab.txt`, `spiece.model`) become one by transformers'
    `AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)`.
    """

    code = "E0586"
    path: str
    reason: str

    @property
    def message(self) -> str:
        return f"cannot read the tokenizer {self.path}: {self.reason}"

    @property
    def help(self) -> str | None:
        return "give a tokenizer.json, or the folder in which it lies"
