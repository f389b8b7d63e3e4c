"""The tasks that `--head` names, by what the classes of transformers for them end with."""

from __future__ import annotations

TASKS = {
    "causal-lm": "ForCausalLM",
    "masked-lm": "ForMaskedLM",
    "pretraining": "ForPreTraining",
    "generation": "ForConditionalGeneration",
    "sequence-classification": "ForSequenceClassification",
    "token-classification": "ForTokenClassification",
    "question-answering": "ForQuestionAnswering",
    "image-classification": "ForImageClassification",
    "audio-classification": "ForAudioClassification",
    "teacher": "ForImageClassificationWithTeacher",
    "encoder": "EncoderModel",
    "none": "Model",
}


def task_of(name: str) -> str:
    """The task of a class of transformers."""
    if name.endswith("LMHeadModel"):
        return "causal-lm"
    return next(task for task, ending in TASKS.items() if name.endswith(ending))
