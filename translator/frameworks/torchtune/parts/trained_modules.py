"""Adapters together with weights that train in full."""

from torchtune.config._utils import _get_component_from_path


def lora_and_more(base, trained, **arguments):
    """The model ``base`` (a dotted path, called with ``arguments``), in which all weights of the
    layers in ``trained`` (``tok_embeddings``, ``output``) train beside the adapters.

    The recipes train what calls itself part of an adapter, and save it with the merged weights:
    ``save_adapter_weights_only`` must be off.
    """
    model = _get_component_from_path(base)(**arguments)
    for name in trained:
        getattr(model, name).adapter_params = lambda: ["weight"]
    return model
