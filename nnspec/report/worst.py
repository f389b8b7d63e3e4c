"""The worst samples as a list: pictures, or the values of fields, with what each is and what it was taken for."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from html import escape
from io import BytesIO

from nnspec.evaluation.judge import Bad
from nnspec.evaluation.worst import picture_field, sample_picture, sample_values, sample_words
from nnspec.train.data.dataset import DataSet


def worst_samples(data: DataSet, worst: Sequence[Bad]) -> str:
    """The list as HTML, the sample with the greatest loss first."""
    field = picture_field(data)
    kind = "samples" if field is not None else "samples texts"
    return f'<ol class="{kind}">{"".join(_sample(data, each, field) for each in worst)}</ol>'


def _sample(data: DataSet, bad: Bad, field: str | None) -> str:
    lines = "".join(f'<p class="{kind}">{escape(words)}</p>' for words, kind in _words(bad))
    if field is None:
        values = "".join(f"<p>{escape(line)}</p>" for line in sample_values(data, bad.index))
        return f"<li>{lines}{values}</li>"
    stream = BytesIO()
    sample_picture(data, bad.index, field).save(stream, "PNG")
    source = f"data:image/png;base64,{b64encode(stream.getvalue()).decode()}"
    return f'<li><img src="{source}" alt="{escape(f"The sample {bad.name}")}">{lines}</li>'


def _words(bad: Bad) -> Iterator[tuple[str, str]]:
    """Lines on a sample, and whether each tells of a mistake: "wrong", or "told"."""
    wrong = {f"taken for {each.found}" for each in bad.said if each.found != each.right}
    for words, _ in sample_words(bad):
        yield words, "wrong" if any(words.startswith(each) for each in wrong) else "told"
