"""Rows about activation checkpointing and fused kernels."""

from __future__ import annotations

from translator.codes import Code
from translator.diagnostics import Severity
from translator.document import Origin
from translator.frameworks.axolotl.lookup import Found, find, mention, no_effect, refuse
from translator.frameworks.axolotl.rows import via
from translator.frameworks.axolotl.values import anything, flag, texts, whole
from translator.lens import Row
from translator.reading import Reader
from translator.tree import Address, Node, shown, spell, steps
from translator.writing import Writer

_CONFIG = "axolotl/utils/schemas/config.py"
LIGER = "axolotl.integrations.liger.LigerPlugin"
CUT = "axolotl.integrations.cut_cross_entropy.CutCrossEntropyPlugin"
LIGER_LAYERS = ("liger_rope", "liger_rms_norm", "liger_glu_activation", "liger_layer_norm")


def plugins(reader: Reader) -> set[str]:
    """Class names of the plugins that the file registers."""
    named = find(reader, "plugins", texts, ()).value
    return {name.rpartition(".")[2] for name in named}


def add_plugin(writer: Writer, plugin: str) -> None:
    """Registers a plugin beside those already there."""
    found = writer.entries.get(("plugins",))
    names = list(found.value) if found is not None and isinstance(found.value, list) else []
    if plugin not in names:
        writer.put("plugins", [*names, plugin])


def _get_checkpointing(reader: Reader) -> None:
    found = find(reader, "gradient_checkpointing", anything, False, f"{_CONFIG}:606")
    selective = find(reader, "selective_checkpointing", anything, None)
    offload = find(reader, "activation_offloading", anything, False)
    sharded = find(reader, "fsdp_config.activation_checkpointing", flag, False)
    value, offloaded, origin = found.value, False, found.origin
    if value == "unsloth":
        assert found.node is not None
        why = "is refused by 0.19; read as true with offloaded activations"
        refuse(reader, ("gradient_checkpointing",), found.node, why, Severity.WARNING)
        value, offloaded = True, True
    elif value in ("offload", "offload_disk"):
        why = f"gradient_checkpointing ({value!r}): now activation_offloading beside true"
        reader.say(Code.OLD_SPELLING, Severity.NOTE, why, found.node, key="gradient_checkpointing")
        value, offloaded = True, True
    elif found.node is not None:
        value = _truth(reader, "gradient_checkpointing", value)
    if sharded.value:
        mention(reader, ("gradient_checkpointing",), "FSDP checkpoints activations itself")
        if not value:
            value, origin = True, sharded.origin
    elif sharded.node is not None:
        mention(reader, ("fsdp_config", "activation_checkpointing"), "off in FSDP")
    kind = "full" if value else "none"
    if selective.node is not None and selective.value:
        kind, origin = "selective", selective.origin
        if isinstance(selective.value, dict):
            why = "which activations are kept can be chosen in Axolotl only"
            reader.leave(("selective_checkpointing",), selective.node, why, Severity.NOTE)
    offload_origin = origin
    if offload.node is not None and offload.value:
        if not value:
            why = "needs gradient_checkpointing: true; Axolotl refuses it without"
            refuse(reader, ("activation_offloading",), offload.node, why, Severity.WARNING)
        elif offload.value != "hidden_states":
            mention(reader, ("activation_offloading",), "read as offloaded activations")
        offloaded, offload_origin = True, offload.origin
    reader.set("kernels.activation_checkpointing", kind, origin)
    reader.set("kernels.activation_offload", offloaded, offload_origin)


def _truth(reader: Reader, name: str, value: object) -> bool:
    try:
        return flag(value)
    except ValueError as error:
        node = reader.node(name)
        assert node is not None
        refuse(reader, (name,), node, str(error), Severity.WARNING)
        return bool(value)


def _put_checkpointing(writer: Writer) -> None:
    kind = writer.value("kernels.activation_checkpointing")
    offload = writer.value("kernels.activation_offload")
    if kind != "none" or offload or writer.needed("kernels.activation_checkpointing", "none"):
        value = kind != "none" or offload
        if kind == "none" and offload:
            why = "Axolotl offloads activations only where it recomputes them"
            writer.lose(Code.LOST_KERNEL, "kernels.activation_checkpointing", why, Severity.WARNING)
        writer.put("gradient_checkpointing", value, "kernels.activation_checkpointing")
    if kind == "selective":
        writer.put("selective_checkpointing", True)
        writer.put("gradient_checkpointing_kwargs.use_reentrant", False)
    if offload:
        # the one mode that recomputes and keeps only the layers' inputs, in host memory
        writer.put("activation_offloading", "hidden_states", "kernels.activation_offload")


def _get_fused(reader: Reader) -> None:
    """Without the plugin its keys are dropped (axolotl/integrations/liger/args.py:30)."""
    loss: str | None = None
    origin: Origin = reader.default("the model's own cross entropy")
    registered = plugins(reader)
    cut = _of_plugin(reader, "cut_cross_entropy", CUT, True, registered)
    if cut is not None and cut.value:
        node = reader.peek("plugins")
        assert node is not None
        loss, origin = "cut", cut.origin if cut.written else reader.written(("plugins",), node)
    layers, layers_origin = False, reader.default("the model's own layers")
    for name in (*LIGER_LAYERS, "liger_swiglu", "liger_rms_norm_gated"):
        found = _of_plugin(reader, name, LIGER, False, registered)
        if found is None or found.node is None:
            continue
        if name == "liger_swiglu":
            why = f"liger_swiglu ({found.node.plain()!r}): now liger_glu_activation"
            reader.say(Code.OLD_SPELLING, Severity.NOTE, why, found.node, key=name)
        if found.value:
            layers, layers_origin = True, found.origin
            mention(reader, (name,), "a fused kernel")
        else:
            no_effect(reader, (name,), "it is off", verbose=True)
    for name in ("liger_fused_linear_cross_entropy", "liger_cross_entropy"):
        found = _of_plugin(reader, name, LIGER, False, registered)
        if found is not None and found.value:
            loss, origin = "liger", found.origin
            mention(reader, (name,), "a fused kernel")
    chunked = find(reader, "chunked_cross_entropy", flag, False)
    if chunked.value:
        loss, origin = "chunked", chunked.origin
    chunks = find(reader, "chunked_cross_entropy_num_chunks", whole, None)
    if chunks.node is not None:
        if loss == "chunked":
            why = "the number of chunks is Axolotl's own matter"
            reader.leave(("chunked_cross_entropy_num_chunks",), chunks.node, why, Severity.NOTE)
        else:
            no_effect(reader, ("chunked_cross_entropy_num_chunks",), "no chunked cross entropy")
    reader.set("kernels.fused_loss", loss, origin)
    reader.set("kernels.fused_layers", layers, layers_origin)


def _of_plugin(
    reader: Reader, name: str, plugin: str, default: bool, registered: set[str]
) -> Found[bool] | None:
    """A switch that exists with a plugin; without it any value is dropped, which is told."""
    if plugin.rpartition(".")[2] in registered:
        return find(reader, name, flag, default)
    node = reader.node(name)
    if node is not None and node.value is not None:
        without_plugin(reader, steps(name), node, plugin)
    return None


def without_plugin(reader: Reader, address: Address, node: Node, plugin: str) -> None:
    """Tells of a setting of a plugin that the file does not register; what is off needs none."""
    off = not node.value
    name = spell(address)
    reader.say(
        Code.UNKNOWN_KEY,
        Severity.NOTE if off else Severity.WARNING,
        f"{name} ({shown(node.plain())}) does nothing: Axolotl drops it without the plugin",
        node,
        key=name,
        help=None if off else f"add {plugin} to plugins",
        verbose=off,
    )


def _put_fused(writer: Writer) -> None:
    """Only what the source asks for: each framework has kernels of its own by default."""
    if writer.value("kernels.fused_layers"):
        if writer.origin("kernels.fused_layers").written:
            add_plugin(writer, LIGER)
            for name in LIGER_LAYERS:
                writer.put(name, True, "kernels.fused_layers")
        else:
            _keep_own(writer, "kernels.fused_layers", "the layers are the model's own")
    loss = writer.value("kernels.fused_loss")
    if loss is None:
        return
    if loss == "none" or not writer.origin("kernels.fused_loss").written:
        _keep_own(writer, "kernels.fused_loss", "the cross entropy is the model's own")
    elif loss == "liger":
        add_plugin(writer, LIGER)
        writer.put("liger_fused_linear_cross_entropy", True, "kernels.fused_loss")
    elif loss == "chunked":
        writer.put("chunked_cross_entropy", True, "kernels.fused_loss")
    elif writer.value("precision.compute") != "float32":
        add_plugin(writer, CUT)
        writer.put("cut_cross_entropy", True, "kernels.fused_loss")
    else:
        why = "Axolotl's cut cross entropy takes 16-bit numbers only"
        writer.lose(Code.LOST_KERNEL, "kernels.fused_loss", why, Severity.WARNING)


def _keep_own(writer: Writer, field: str, how: str) -> None:
    """Notes on demand that nothing is written: the source did not ask for it either."""
    writer.lose(Code.TOLD_OTHERWISE, field, how, Severity.NOTE, verbose=True)


ROWS: tuple[Row, ...] = (
    via(
        ("kernels.activation_checkpointing", "kernels.activation_offload"),
        ("gradient_checkpointing", "selective_checkpointing", "activation_offloading",
         "fsdp_config.activation_checkpointing"),
        _get_checkpointing,
        _put_checkpointing,
    ),
    via(
        ("kernels.fused_loss", "kernels.fused_layers"),
        ("plugins", "cut_cross_entropy", "chunked_cross_entropy",
         "chunked_cross_entropy_num_chunks", *LIGER_LAYERS, "liger_swiglu",
         "liger_rms_norm_gated", "liger_fused_linear_cross_entropy", "liger_cross_entropy"),
        _get_fused,
        _put_fused,
    ),
)  # fmt: skip
