"""A conversation as a text, by the chat template of a model: a program of strangers, which sandbox.py holds in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nnspec.diagnostics import SpecError
from nnspec.extras import need
from nnspec.hub.mistakes import BadTemplate, NoChatTemplate
from nnspec.infer.language import Language

SIZE = 1 << 18  # characters of a template

Message = Mapping[str, Any]  # {"role": "user", "content": "..."}


def rendered(language: Language | None, messages: Sequence[Message], source: str) -> str:
    """The text that a model is given for a conversation: the messages, and the beginning of its answer.

    Args:
        language: of the model.
        messages: of the conversation.
        source: what the model came from, for messages.

    Raises:
        SpecError: there is no template, or it cannot be used; or Jinja is not installed.
    """
    if language is None or language.template is None:
        raise SpecError.of(NoChatTemplate(None, source))
    if len(language.template) > SIZE:
        raise SpecError.of(BadTemplate(None, f"it has {len(language.template):,} characters; {SIZE:,} are the most"))
    need("a chat template", "jinja2")
    from jinja2 import TemplateError  # here, as below: it comes with an extra

    from nnspec.hub.sandbox import Sandbox

    try:
        template = Sandbox().from_string(language.template)
        given = {"messages": list(messages), "tools": None, "documents": None, "add_generation_prompt": True}
        return template.render({**language.names, **given})
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        reason = str(error).strip() or type(error).__name__
        raise SpecError.of(BadTemplate(None, reason.splitlines()[0])) from None
    except (RecursionError, MemoryError):
        raise SpecError.of(BadTemplate(None, "it goes too deep, or writes too much")) from None
