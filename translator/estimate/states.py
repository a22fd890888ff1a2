"""What is alive for the whole run: weights, adapters, gradients, optimizer states. Bytes."""

from __future__ import annotations

from translator.estimate.workload import Workload

NF4_PLAIN = 0.5 + 4 / 64
"""Bytes of an element in 4 bits with one float32 scale for each block of 64
(bitsandbytes ``functional.quantize_4bit``)."""
NF4_DOUBLE = 0.5 + 1 / 64 + 4 / (64 * 256)
"""The same with 8-bit scales and one float32 for each 256 of them (QLoRA, arXiv:2305.14314)."""
INT8 = 1.0
NVFP4 = 0.5 + 1 / 16
"""4 bits, an 8-bit scale for each 16."""
MXFP4 = 0.5 + 1 / 32
"""4 bits, an 8-bit exponent for each 32 (OCP Microscaling Formats 1.0)."""
GPTQ4 = 0.5 + 2.5 / 128
"""4 bits, a 16-bit scale and a 4-bit zero for each group of 128."""


def element_bytes(work: Workload) -> float:
    """Bytes of an element of a matrix that the base storage covers."""
    return {
        "float32": 4.0,
        "16bit": 2.0,
        "int8": INT8,
        "nf4": NF4_PLAIN,
        "nf4-double": NF4_DOUBLE,
        "gptq4": GPTQ4,
        "fp8": 1.0,
        "nvfp4": NVFP4,
        "mxfp4": MXFP4,
    }[work.base]


def dense_bytes(work: Workload) -> int:
    """Bytes of an element that no quantisation covers (in an adapter run: of the base)."""
    if work.trains_all:
        return work.weight_bytes
    return 4 if work.base == "float32" else 2


def layer_weights(work: Workload, layer: int) -> int:
    """Weights of one layer in bytes: matrices in the base storage, the rest in 16 or 32 bits."""
    shape = work.shape
    plain = dense_bytes(work)
    if not work.base_quantized:
        norms = (work.root_bytes or plain) if work.trains_all else work.norm_bytes
        rest = shape.layer_rest(layer) * norms
        return (shape.layer_linear(layer) + shape.layer_expert(layer)) * plain + rest
    covered = other = 0
    for matrix in shape.matrices(layer):
        adapted = work.lora is not None and matrix.name in work.lora.targets
        inside = (
            (work.quantized == "linear" or adapted)
            and (not matrix.expert or work.experts_quantized)
            and matrix.name not in work.left_out
        )
        if inside:
            covered += matrix.elements
        else:
            other += matrix.elements
    share = work.quantized_share
    quantized = covered * (share * element_bytes(work) + (1 - share) * plain)
    return round(
        quantized + other * max(plain, work.loose_bytes) + shape.layer_rest(layer) * work.norm_bytes
    )


def root_weights(work: Workload) -> int:
    """Embedding, head and last norm in bytes."""
    shape = work.shape
    element = work.weight_bytes if work.trains_all else work.embedding_bytes
    if work.trains_all and work.root_bytes is not None:
        element = work.root_bytes
    other = shape.other * dense_bytes(work)
    if work.quantized_head:
        head = round(shape.head * element_bytes(work))
        return shape.embedding * element + head + shape.norm_width * work.norm_bytes + other
    return (shape.embedding + shape.head) * element + shape.norm_width * work.norm_bytes + other


def vision_weights(work: Workload) -> int:
    """Towers beside the text model in bytes; 0 when they are not loaded."""
    return work.shape.vision * dense_bytes(work) if work.keeps_vision else 0


def base_weights(work: Workload) -> int:
    """All weights of the model in bytes, adapters not included.

    Source: dtype sizes; bitsandbytes for 4 bits; embeddings, head and norms stay unquantised
    because only ``nn.Linear`` inside the layers is replaced.
    """
    layers = sum(count * layer_weights(work, layer) for layer, count in work.shape.layer_kinds)
    return layers + root_weights(work) + vision_weights(work)


def adapter_layer_elements(work: Workload, layer: int) -> int:
    """Trained elements of one layer's adapters: r (in + out) for each adapted matrix."""
    lora = work.lora
    if lora is None:
        return 0
    total = 0
    for matrix in work.shape.matrices(layer):
        if matrix.name in (lora.expert_targets if matrix.expert else lora.targets):
            reached = lora.share if "qkv" in matrix.name else 1.0
            total += round(lora.rank * (matrix.inputs + reached * matrix.outputs)) * matrix.count
            if lora.decomposed:
                total += matrix.outputs * matrix.count
    return total


def adapter_elements(work: Workload) -> int:
    """Trained elements of all adapters, modules trained in full not included."""
    lora = work.lora
    if lora is None:
        return 0
    left = work.shape.layers if lora.layers is None else lora.layers
    total = 0
    for layer, count in work.shape.layer_kinds:
        here = min(count, left)
        left -= here
        total += here * adapter_layer_elements(work, layer)
    if "lm_head" in lora.targets:
        total += lora.rank * (work.shape.hidden + work.shape.vocab)
    if "embed_tokens" in lora.targets:
        total += lora.rank * (work.shape.hidden + work.shape.vocab)
    return total


def fully_trained_beside(work: Workload) -> int:
    """Elements of embedding and head when they are trained in full beside adapters."""
    lora = work.lora
    if lora is None:
        return 0
    one = work.shape.vocab * work.shape.hidden
    head = lora.trained_head and not (work.shape.tied and lora.trained_embedding)
    return one * (int(lora.trained_embedding) + int(head))


def trained_elements(work: Workload) -> int:
    """Everything that gets a gradient."""
    if work.trains_all:
        towers = work.shape.vision if work.trains_vision and work.keeps_vision else 0
        return work.shape.parameters + towers
    return adapter_elements(work) + fully_trained_beside(work)


def trained_bytes(work: Workload) -> int:
    """Bytes of an element that is trained."""
    return work.weight_bytes if work.lora is None else work.lora.bytes


def root_elements(work: Workload) -> int:
    """Embedding, head and norms: what some frameworks keep in float32 in full training."""
    shape = work.shape
    return shape.embedding + shape.head + shape.norm_width + shape.layer_sum("rest")


def trained_parts(work: Workload) -> tuple[tuple[int, int], ...]:
    """(elements, bytes of one) of everything that is trained."""
    every = trained_elements(work)
    if work.root_bytes is None or not work.trains_all:
        return ((every, trained_bytes(work)),)
    root = root_elements(work)
    return ((every - root, work.weight_bytes), (root, work.root_bytes))


def trained_size(work: Workload) -> int:
    """All trained parameters in bytes."""
    return sum(elements * size for elements, size in trained_parts(work))


def adapter_weights(work: Workload) -> int:
    """Adapters, and the trained copies of modules beside them, in bytes.

    Source: PEFT keeps the original of a module in ``modules_to_save`` beside the trained copy
    (peft/utils/other.py, ``ModulesToSaveWrapper``).
    """
    return (adapter_elements(work) + fully_trained_beside(work)) * trained_bytes(work)


def gradient_bytes(work: Workload) -> int:
    """Bytes of one element's gradient."""
    return trained_bytes(work) if work.grad_bytes is None else work.grad_bytes


def gradients(work: Workload) -> int:
    """All gradients in bytes; with updates during the backward pass, those of the largest layer."""
    if work.in_backward and work.trains_all:
        largest = max(work.shape.largest_layer, work.shape.vocab * work.shape.hidden)
        return largest * gradient_bytes(work)
    if work.grad_bytes is not None:
        return trained_elements(work) * work.grad_bytes
    return trained_size(work)


def optimizer_states(work: Workload) -> int:
    """Optimizer states in bytes that lie in PyTorch's memory; paged ones do not.

    Source: torch.optim (states follow the parameter's number format), bitsandbytes
    ``optim/optimizer.py`` (8-bit states with one float32 per block of 256; embeddings stay in
    float32 where Trainer registers them), transformers ``Adafactor`` (one row and one column).
    """
    elements = trained_elements(work)
    cost = work.optimizer
    if cost.paged:
        return 0
    if cost.factored:
        return round(0.01 * elements * 4)
    if cost.follows:
        return trained_size(work) * cost.follows + round(elements * sum(cost.states))
    wide = embedding_trained(work) if cost.root_in_float else 0
    return round((elements - wide) * sum(cost.states) + wide * 4 * len(cost.states))


def embedding_trained(work: Workload) -> int:
    """Trained elements of ``nn.Embedding`` modules."""
    if work.trains_all:
        return work.shape.embedding
    lora = work.lora
    return work.shape.vocab * work.shape.hidden if lora and lora.trained_embedding else 0


def paged_states(work: Workload) -> int:
    """Bytes of optimizer states in managed memory, which may lie on the device or on the host."""
    if not work.optimizer.paged:
        return 0
    return round(trained_elements(work) * sum(work.optimizer.states))


def embedding_gradient(work: Workload) -> int:
    """What the last step of the backward pass makes beside all gradients, in bytes: a dense
    gradient of a tied embedding, which is then added to the head's."""
    if not work.trains_all or not work.shape.tied:
        return 0
    element = work.root_bytes or work.weight_bytes
    return work.shape.vocab * work.shape.hidden * element


def step_transient(work: Workload) -> int:
    """What the optimizer step makes and drops, in bytes: with ``foreach`` a list of updates as
    large as the parameters (torch/optim/adam.py, ``_multi_tensor_adam``)."""
    if work.in_backward:
        return 0
    if work.optimizer.foreach:
        return trained_size(work)
    if work.optimizer.factored:
        # float32 gradient, its square and the update, of one matrix at a time
        largest = max(work.shape.vocab * work.shape.hidden, work.shape.largest_matrix)
        return 10 * largest if work.trains_all else 0
    return 0
