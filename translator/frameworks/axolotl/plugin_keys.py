"""Keys that plugins add: left aside with their plugin, dropped by Axolotl without it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from translator.diagnostics import Severity
from translator.frameworks.axolotl.memory import plugins, without_plugin
from translator.frameworks.axolotl.schema import plugin_keys
from translator.lens import Coverage, Row
from translator.reading import Reader
from translator.record import Record
from translator.tree import Node, steps
from translator.writing import Writer

_CARRIED = frozenset(
    """cut_cross_entropy liger_rope liger_rms_norm liger_glu_activation liger_layer_norm
    liger_swiglu liger_rms_norm_gated liger_fused_linear_cross_entropy liger_cross_entropy
    kd_trainer use_swanlab swanlab_project swanlab_experiment_name swanlab_workspace
    liger_kernel_impl lm_eval_tasks lm_eval_batch_size lm_eval_post_train lm_eval_model
    swanlab_api_key swanlab_description swanlab_mode swanlab_log_model swanlab_web_host
    swanlab_api_host swanlab_lark_webhook_url swanlab_lark_secret swanlab_log_completions
    swanlab_completion_log_interval swanlab_completion_max_buffer""".split()  # noqa: SIM905
)
"""Keys of plugins that other rows carry or ignore."""

_DOES: dict[str, tuple[Severity, str]] = {
    "DenseMixerPlugin": (Severity.ERROR, "gradients reach experts that a token was not sent to"),
    "ExpertParallelPlugin": (Severity.WARNING, "experts are split over devices"),
    "GrokfastPlugin": (Severity.ERROR, "slow gradients are amplified before every update"),
    "HatcheryPlugin": (Severity.ERROR, "a service elsewhere trains the model"),
    "KernelsPlugin": (Severity.WARNING, "fused kernels for experts and attention"),
    "LLMCompressorPlugin": (Severity.ERROR, "weights are pruned and kept sparse while they train"),
    "MoraPlugin": (Severity.ERROR, "another kind of adapter"),
    "NemoGymPlugin": (Severity.ERROR, "rewards come from environments of NeMo Gym"),
    "SpectrumPlugin": (Severity.ERROR, "only the layers with the best signal are trained"),
}
"""What the plugins do that ftx carries nothing of."""
_READ = ("LigerPlugin", "CutCrossEntropyPlugin", "LMEvalPlugin", "KDPlugin", "DiffusionPlugin",
         "SwanLabPlugin")  # fmt: skip


class PluginKeys(Record, kw_only=False):
    """The settings of plugins, and the plugins themselves."""

    def read(self, reader: Reader) -> None:
        registered = plugins(reader)
        for plugin, key in _settings_in(reader):
            address = steps(key)
            node = reader.tree.get(address)
            if node is None or node.value is None or self._is_block(plugin, key, node):
                continue
            name = plugin.rpartition(".")[2]
            if name not in registered:
                reader.used.add(address)
                without_plugin(reader, address, node, plugin)
            elif node.value is not False:
                # the plugin itself is told with its severity
                grade = Severity.NOTE if name in _DOES else Severity.ERROR
                reader.leave(address, node, f"a setting of {name}", grade)
        _tell_plugins(reader)

    @staticmethod
    def _is_block(plugin: str, key: str, node: Node) -> bool:
        """Whether a mapping's own keys have rows; a free-form mapping is one setting."""
        return node.is_mapping and any(k.startswith(f"{key}.") for k in plugin_keys()[plugin])

    def write(self, writer: Writer) -> None:
        """Nothing of it is in the recipe."""

    def coverage(self) -> Iterable[Coverage]:
        return ()

    def spellings(self) -> Iterable[str]:
        return (key for _, key in _settings())


@cache
def _settings() -> list[tuple[str, str]]:
    """(plugin, key) of the settings that no other row reads."""
    return [
        (plugin, key)
        for plugin, keys in plugin_keys().items()
        for key in keys
        if key not in _CARRIED
    ]


@cache
def _outermost() -> frozenset[str | int]:
    return frozenset(steps(key)[0] for _, key in _settings())


def _settings_in(reader: Reader) -> list[tuple[str, str]]:
    """Those that a file may have."""
    present = _outermost().intersection(reader.top)
    if not present:  # as in most
        return []
    return [(plugin, key) for plugin, key in _settings() if steps(key)[0] in present]


def _tell_plugins(reader: Reader) -> None:
    node = reader.peek("plugins")
    if node is None or not node.is_sequence:
        return
    for position, element in enumerate(node.value):
        name = str(element.plain()).rpartition(".")[2]
        if name not in _READ:
            grade, why = _DOES.get(name, (Severity.ERROR, "a plugin of one's own"))
            reader.leave(("plugins", position), element, why, grade)


ROWS: tuple[Row, ...] = (PluginKeys(),)
