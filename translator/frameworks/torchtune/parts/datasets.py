"""Data sets whose rows torchtune's own builders do not read."""

from torchtune.data import Message
from torchtune.datasets import PackedDataset, PreferenceDataset, SFTDataset


def prompts(
    tokenizer,
    *,
    source,
    columns,
    with_input,
    without_input,
    new_system_prompt=None,
    train_on_input=False,
    packed=False,
    split="train",
    **load_dataset_kwargs,
):
    """Prompts worded by a template, and their answers.

    ``columns``: the data's columns behind ``{instruction}``, ``{input}`` and ``{system}``, and of
    the ``output``. ``without_input`` words the rows whose input is empty.
    """

    def messages(row):
        fields = {name: row.get(column) or "" for name, column in columns.items()}
        answer = fields.pop("output")
        template = with_input if fields.get("input") else without_input
        asked = Message(role="user", content=template.format(**fields), masked=not train_on_input)
        said = [asked, Message(role="assistant", content=answer)]
        return _with_system(said, new_system_prompt, masked=not train_on_input)

    rows = {"source": source, "split": split, **load_dataset_kwargs}
    return _sft(tokenizer, messages, packed, rows)


def turns(
    tokenizer,
    *,
    source,
    column="messages",
    role_key="role",
    content_key="content",
    roles=None,
    drop_system=False,
    default_system_prompt=None,
    train_on_input=False,
    last_answer_only=False,
    packed=False,
    split="train",
    **load_dataset_kwargs,
):
    """Conversations in a column of turns.

    ``roles`` gives the usual names of the data's roles. ``default_system_prompt`` opens
    conversations that have no system turn, or none left with ``drop_system``.
    ``last_answer_only``: earlier answers do not count in the loss.
    """
    names = roles or {}

    def messages(row):
        said = []
        for turn in row[column]:
            role = names.get(turn[role_key], turn[role_key])
            masked = role != "assistant" and not train_on_input
            if role != "system" or not drop_system:
                said.append(Message(role=role, content=turn[content_key], masked=masked))
        answers = [message for message in said if message.role == "assistant"]
        for message in answers[:-1] if last_answer_only else ():
            message.masked = True
        opened = bool(said) and said[0].role == "system"
        return _with_system(
            said, None if opened else default_system_prompt, masked=not train_on_input
        )

    rows = {"source": source, "split": split, **load_dataset_kwargs}
    return _sft(tokenizer, messages, packed, rows)


def answer_pairs(
    tokenizer,
    *,
    source,
    prompt,
    chosen,
    rejected,
    text="{prompt}",
    fields=None,
    system=None,
    turns=False,
    new_system_prompt=None,
    train_on_input=False,
    split="train",
    **load_dataset_kwargs,
):
    """A prompt with a preferred and a rejected answer, each a column of text, or with ``turns``
    of one or several turns.

    ``text`` words the prompt, with the columns behind ``fields`` beside ``{prompt}``. ``system``:
    column of the system text; ``new_system_prompt`` is that of rows without one.
    """

    def said(value, role):
        if not turns:
            value = {"role": role, "content": value}
        listed = [value] if isinstance(value, dict) else value
        masked = role != "assistant" and not train_on_input
        return [Message(role=t["role"], content=t["content"], masked=masked) for t in listed]

    def messages(row):
        worded = row[prompt]
        if not turns:
            further = {name: row.get(column) or "" for name, column in (fields or {}).items()}
            worded = text.format(prompt=worded, **further)
        asked = said(worded, "user")
        opening = (row.get(system) if system else None) or new_system_prompt
        return {
            name: _with_system([*asked, *said(row[column], "assistant")], opening)["messages"]
            for name, column in (("chosen", chosen), ("rejected", rejected))
        }

    return PreferenceDataset(
        source=source,
        message_transform=messages,
        tokenizer=tokenizer,
        split=split,
        **load_dataset_kwargs,
    )


def _with_system(messages, prompt, masked=True):
    if prompt is not None:
        messages = [Message(role="system", content=prompt, masked=masked), *messages]
    return {"messages": messages}


def _sft(tokenizer, messages, packed, load_dataset_kwargs):
    rows = SFTDataset(message_transform=messages, model_transform=tokenizer, **load_dataset_kwargs)
    return PackedDataset(rows, max_seq_len=tokenizer.max_seq_len) if packed else rows
