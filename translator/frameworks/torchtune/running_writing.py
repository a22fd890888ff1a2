def put_checkpointing(w): ...


put_checkpoints = put_evaluation = put_logging = put_loss = put_parallelism = put_precision = (
    put_checkpointing
)
