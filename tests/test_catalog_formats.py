"""Chat formats: their structure, their names, and the frameworks' own rendering."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from translator.catalog.chat_jinja import jinja
from translator.catalog.data import table
from translator.catalog.formats import (
    ChatFormat,
    format_named,
    formats,
    name_in,
    render,
    same,
    torchtune_prompt_template,
    torchtune_tokenizer,
    unsloth_maps_eos,
)

ROOT = Path(__file__).parent.parent
Messages = list[dict[str, str]]


def conversation(shape: str, *, padded: bool = False) -> Messages:
    """``sua`` is a system, a user and an assistant turn."""
    roles = {"s": "system", "u": "user", "a": "assistant"}
    turns = [{"role": roles[c], "content": f"{c.upper()}{i}"} for i, c in enumerate(shape)]
    if padded:
        turns = [{**turn, "content": f" {turn['content']} \n"} for turn in turns]
    return turns


def samples(item: ChatFormat) -> list[tuple[Messages, bool]]:
    """Conversations and whether an answer is asked for."""
    complete = [conversation(shape) for shape in ("ua", "sua", "uaua", "suaua")]
    if item.strip is not None:
        complete += [conversation(shape, padded=True) for shape in ("uaua", "suaua")]
    asking = [conversation(shape) for shape in ("u", "suau")]
    return [(each, False) for each in complete] + [(each, True) for each in asking]


def structural() -> list[ChatFormat]:
    return [item for item in formats().values() if item.turns]


def written_by_structure() -> list[ChatFormat]:
    """Formats whose template adds nothing to the turns of a plain conversation."""
    return [item for item in structural() if not (item.thinking and item.thinking.empty)]


def complete() -> list[ChatFormat]:
    """Formats whose structure tells all of a plain conversation."""
    return [item for item in structural() if not item.opaque]


def get(name: str) -> ChatFormat:
    return formats()[name]


def test_data_follows_its_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "schemas/catalog-formats.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(table("formats"))


def test_no_id_and_no_name_stands_twice() -> None:
    rows = table("formats")["formats"]
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == len(ids)
    names = [(f, name) for row in rows for f, names in row["names"].items() for name in names]
    assert len(set(names)) == len(names)


def test_models_and_tokenizers_name_formats_that_exist() -> None:
    named = {row["chat_format"] for row in table("models")["lines"] if "chat_format" in row}
    for component in table("formats")["torchtune_tokenizers"]:
        known = torchtune_tokenizer(component)
        assert known is not None
        named |= {known.format, known.format_without_template}
        assert component in dict(get(known.format).names)["torchtune"] or known.prompt_template
    assert named - formats().keys() == set()


def test_names() -> None:
    llama3 = format_named("axolotl", "llama3")
    assert llama3 is format_named("unsloth", "llama-3")
    assert llama3 is format_named("torchtune", "torchtune.models.llama3.llama3_tokenizer")
    assert llama3 is not None
    assert name_in("unsloth", llama3) == "llama-3"
    assert name_in("axolotl", get("zephyr")) is None
    assert format_named("axolotl", "tokenizer_default") is None
    assert format_named("axolotl", "never-heard-of") is None


def test_rendering() -> None:
    chatml = get("chatml")
    text = render(chatml, conversation("su"), ask=True)
    assert text == (
        "<|im_start|>system\nS0<|im_end|>\n<|im_start|>user\nU1<|im_end|>\n<|im_start|>assistant\n"
    )
    assert render(get("llama2"), conversation("suaua"), bos="<s>", eos="</s>") == (
        "<s>[INST] <<SYS>>\nS0\n<</SYS>>\n\nU1 [/INST] A2 </s><s>[INST] U3 [/INST] A4 </s>"
    )
    with pytest.raises(ValueError, match="no system turn"):
        render(get("gemma"), conversation("sua"))
    with pytest.raises(ValueError, match="no structure"):
        render(get("gpt-oss"), conversation("ua"))


def test_same() -> None:
    assert same(get("gemma"), get("gemma3"), system_turns=False)
    assert not same(get("gemma"), get("gemma3"))
    assert not same(get("phi3"), get("phi35"))
    assert not same(get("chatml"), get("qwen25"))
    assert not same(get("qwen3"), get("chatml"))
    for item in formats().values():
        assert same(item, item)
    for one in complete():
        twins = [other.id for other in complete() if same(one, other)]
        assert twins == [one.id]


LLAMA2 = "torchtune.models.llama2.llama2_tokenizer"
GEMMA = "torchtune.models.gemma.gemma_tokenizer"


def test_torchtune_prompt_template() -> None:
    assert torchtune_prompt_template(get("plain"), GEMMA) == {
        "system": ("", ""),
        "user": ("", ""),
        "assistant": ("", ""),
    }
    assert torchtune_prompt_template(get("mistral-torchtune"), LLAMA2) == {
        "user": ("[INST]", " [/INST] "),
        "assistant": ("", ""),
    }
    assert torchtune_prompt_template(get("deepseek-v2"), GEMMA) is None
    assert torchtune_prompt_template(get("deepseek-v2"), GEMMA, one_exchange=True) == {
        "system": ("", "\n\n"),
        "user": ("<｜User｜>", ""),
        "assistant": ("<｜Assistant｜>", ""),
    }
    wrapping = "torchtune.models.llama3.llama3_tokenizer"
    assert torchtune_prompt_template(get("plain"), wrapping) is None


def test_unsloth_renames_the_end_token_for_chatml_only_among_its_kind() -> None:
    assert unsloth_maps_eos("chatml") == "<|im_end|>"
    assert unsloth_maps_eos("qwen-2.5") is None


def environment() -> Any:
    """Jinja as transformers sets it up for chat templates."""
    pytest.importorskip("jinja2")
    from jinja2 import nodes
    from jinja2.exceptions import TemplateError
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        tags = {"generation"}  # noqa: RUF012

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
            call = self.call_method("_same")
            return nodes.CallBlock(call, [], [], body).set_lineno(line)

        def _same(self, caller: Any) -> Any:
            return caller()

    def refuse(message: str) -> None:
        raise TemplateError(message)

    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    made.globals.update(raise_exception=refuse, strftime_now=lambda form: "DATE")
    return made


def written(made: Any, template: str, messages: Messages, ask: bool) -> str | None:
    from jinja2.exceptions import TemplateError

    try:
        text: str = made.from_string(template).render(
            messages=messages, add_generation_prompt=ask, bos_token="<B>", eos_token="<E>"
        )
    except TemplateError:
        return None
    return text


def described(item: ChatFormat, messages: Messages, ask: bool) -> str | None:
    try:
        return render(item, messages, bos="<B>", eos="<E>", ask=ask)
    except ValueError:
        return None


@pytest.mark.parametrize("item", written_by_structure(), ids=lambda item: item.id)
def test_generated_template_writes_what_the_structure_says(item: ChatFormat) -> None:
    made = environment()
    template = jinja(item, approximate=True)
    for messages, ask in samples(item):
        assert written(made, template, messages, ask) == described(item, messages, ask)
    undefined = made.from_string(template).render(
        messages=conversation("ua"), bos_token="<B>", eos_token="<E>"
    )
    assert undefined == described(item, conversation("ua"), False)


def test_an_opaque_format_has_no_exact_template() -> None:
    with pytest.raises(ValueError, match="date"):
        jinja(get("llama31"))


def test_thinking_parts_are_kept_or_dropped() -> None:
    asked = {"role": "user", "content": "How many?"}
    told = {"role": "assistant", "content": "<think>\ntwice\n</think>\n\nSeven."}
    bare = {"role": "assistant", "content": "Two."}
    made = environment()
    text = written(made, jinja(get("qwen3")), [asked, told, asked, bare], False)
    assert text == (
        "<|im_start|>user\nHow many?<|im_end|>\n<|im_start|>assistant\nSeven.<|im_end|>\n"
        "<|im_start|>user\nHow many?<|im_end|>\n"
        "<|im_start|>assistant\n<think>\n\n</think>\n\nTwo.<|im_end|>\n"
    )
    kept = written(made, jinja(get("qwen3-instruct")), [asked, told], False)
    assert kept is not None
    assert kept.endswith("<think>\ntwice\n</think>\n\nSeven.<|im_end|>\n")
    spoken = {"role": "assistant", "content": "<|channel>thought\ntwice<channel|> Seven."}
    dropped = written(made, jinja(get("gemma4")), [asked, spoken], False)
    assert dropped == "<B><|turn>user\nHow many?<turn|>\n<|turn>model\nSeven.<turn|>\n"


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")  # those of the frameworks
def test_axolotls_templates_write_what_the_structure_says() -> None:
    pytest.importorskip("axolotl")
    from axolotl.utils.chat_templates import get_chat_template
    from axolotl.utils.schemas.enums import ChatTemplate

    made = environment()
    wanted = {item.value for item in ChatTemplate} - set(table("formats")["not_formats"]["axolotl"])
    found = {name for item in formats().values() for name in dict(item.names).get("axolotl", ())}
    # phi_4 and others are files beside the enum; every name of the enum must be known.
    assert wanted - found == set()
    for item in complete():
        for name in dict(item.names).get("axolotl", ()):
            template = get_chat_template(name)
            for messages, ask in samples(item):
                text = written(made, template, messages, ask)
                assert text == described(item, messages, ask), (name, messages, ask)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")  # those of the frameworks
def test_torchtunes_tokenizers_write_what_the_structure_says(tmp_path: Path) -> None:
    pytest.importorskip("torchtune")
    from torchtune.data import Message

    from tests.tiny_tokenizers import text_of, tokenizers

    for component, tokenizer in tokenizers(tmp_path).items():
        known = torchtune_tokenizer(component)
        assert known is not None, component
        item = get(known.format)
        for shape in ("ua", "uaua", "sua", "suaua"):
            messages = conversation(shape)
            expected = described(item, messages, False)
            try:
                tokens, mask = tokenizer.tokenize_messages(
                    [
                        Message(
                            role=m["role"], content=m["content"], masked=m["role"] != "assistant"
                        )
                        for m in messages
                    ]
                )
            except ValueError:
                assert expected is None, component
                continue
            assert expected is not None
            expected = expected.removesuffix(known.without_last or "")
            expected += known.after or ""
            assert text_of(tokenizer, tokens) == expected, component
            supervised = text_of(tokenizer, [t for t, m in zip(tokens, mask, strict=True) if not m])
            header = (item.affixes("assistant") or ("", ""))[0]
            assert supervised.startswith(header.strip()) or not known.header_supervised
            assert bool(known.after and supervised.endswith(known.after)) == known.after_supervised


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")  # those of the frameworks
def test_prompt_templates_make_torchtune_write_the_format(tmp_path: Path) -> None:
    pytest.importorskip("torchtune")
    from torchtune.data import Message, PromptTemplate

    from tests.tiny_tokenizers import text_of, tokenizers

    tried = set()
    for component, tokenizer in tokenizers(tmp_path).items():
        for item in complete():
            template = torchtune_prompt_template(item, component, one_exchange=True)
            if template is None:
                continue
            tried.add((component, item.id))
            tokenizer.prompt_template = PromptTemplate(template)
            shape = "ua" if item.bos == "once" else "uaua"
            messages = conversation(shape)
            tokens, _ = tokenizer.tokenize_messages(
                [Message(role=m["role"], content=m["content"]) for m in messages]
            )
            expected = described(item, messages, False)
            assert text_of(tokenizer, tokens) == expected, (component, item.id)
    assert len(tried) > 3
