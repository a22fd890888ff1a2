"""Every code a diagnostic can carry. Codes are never re-used; a name says the pattern found."""

from __future__ import annotations

from enum import Enum


class Code(Enum):
    """A stable code; ``value`` is (code, kebab-case name, one sentence)."""

    # Reading a file
    UNREADABLE = ("SYN001", "unreadable-file", "The file cannot be opened, or is no text.")
    SYNTAX = ("SYN002", "syntax-error", "The file is not valid YAML, JSON or Python.")
    TOO_BIG = ("SYN003", "oversized-input", "The file is larger or deeper than ftx reads.")
    NOT_A_CONFIG = ("SYN004", "no-training-config", "The file describes no fine-tuning run.")
    DUPLICATE_KEY = ("SYN005", "duplicate-key", "A key stands twice; the last one counts.")
    BAD_OPTION = ("SYN006", "unusable-option", "A command-line value does not fit the file.")
    UNUSED_SUPPRESSION = ("SYN007", "unused-suppression", "A comment silences nothing.")
    BAD_SUPPRESSION = ("SYN008", "unusable-suppression", "A comment that silences no code.")

    # What a file says
    UNKNOWN_KEY = (
        "CFG001",
        "unknown-key",
        "The framework has no such key, and drops or refuses it.",
    )
    OLD_SPELLING = ("CFG002", "old-spelling", "A former name of a key or component.")
    BAD_VALUE = ("CFG003", "illegal-value", "A value that the framework refuses or misreads.")
    NO_EFFECT = ("CFG004", "key-without-effect", "A key that changes nothing in this file.")
    UNRESOLVED = ("CFG005", "unresolved-value", "A value that only the running program knows.")
    MISSING_KEY = ("CFG006", "missing-key", "The framework needs a key that is not there.")
    CONTRADICTION = ("CFG007", "contradicting-keys", "Two keys of the file exclude each other.")
    SURPRISE = ("CFG008", "surprising-meaning", "A value means something else than it says.")
    ASSUMED = ("CFG009", "assumed-value", "Not said by the file; taken from what it implies.")
    STOPS_LATER = ("CFG010", "stops-later", "The framework's check takes it; the run ends with it.")

    # What a target cannot say
    LOST_MODEL = ("XLT101", "model-not-in-target", "The target does not know the model.")
    LOST_TOKENIZER = ("XLT102", "tokenizer-change-lost", "Tokens or tokenizer cannot be told.")
    LOST_LOADING = ("XLT103", "loading-detail-lost", "How weights are found differs.")
    LOST_ADAPTER = ("XLT201", "adapter-setting-lost", "An adapter setting has no counterpart.")
    LOST_TARGETS = ("XLT202", "adapter-targets-lost", "Other layers would get adapters.")
    LOST_ADAPTER_DTYPE = ("XLT203", "adapter-precision-lost", "Adapters in another precision.")
    LOST_QUANTIZATION = ("XLT301", "quantization-lost", "The base weights' format differs.")
    LOST_SOURCE = ("XLT401", "data-source-lost", "Other rows would be read.")
    LOST_TEMPLATE = ("XLT402", "template-lost", "Rows would become other tokens.")
    LOST_MASK = ("XLT403", "supervision-lost", "Other tokens would count in the loss.")
    LOST_PACKING = ("XLT404", "packing-lost", "Rows would be packed another way.")
    LOST_LENGTH = ("XLT405", "length-rule-lost", "Long rows would be treated another way.")
    LOST_ORDER = ("XLT406", "order-lost", "Rows would come in another order.")
    LOST_VALIDATION = ("XLT407", "validation-lost", "Evaluation cannot be told.")
    LOST_OBJECTIVE = ("XLT501", "objective-lost", "The target has no such objective.")
    LOST_OPTIMIZER = ("XLT601", "optimizer-setting-lost", "Another update rule.")
    LOST_SCHEDULE = ("XLT602", "schedule-lost", "Another learning-rate curve.")
    LOST_DURATION = ("XLT603", "duration-lost", "Another number of steps.")
    LOST_BATCHING = ("XLT604", "batching-lost", "Other rows per step, or another mean.")
    LOST_PRECISION = ("XLT701", "precision-lost", "Other number formats.")
    LOST_KERNEL = ("XLT702", "kernel-lost", "Another implementation, same mathematics.")
    LOST_PARALLELISM = ("XLT703", "parallelism-lost", "Another split over devices.")
    LOST_CHECKPOINT = ("XLT801", "checkpoint-setting-lost", "Other checkpoints are kept.")
    LOST_LOGGING = ("XLT802", "logging-setting-lost", "Other logs are written.")
    LOST_SEED = ("XLT803", "seed-lost", "Random numbers start elsewhere.")
    LOST_KEY = ("XLT901", "framework-key-lost", "A key that only its own framework has.")
    SIDE_FILE = ("XLT902", "side-file-needed", "The conversion needs a file beside it.")
    TOLD_OTHERWISE = ("XLT903", "told-otherwise", "The same meaning by other means.")

    @property
    def code(self) -> str:
        """The code itself: ``XLT402``."""
        return self.value[0]

    @property
    def title(self) -> str:
        """The kebab-case name."""
        return self.value[1]

    @property
    def summary(self) -> str:
        """One sentence."""
        return self.value[2]


BY_CODE = {entry.code: entry for entry in Code}
