OPTIMIZERS = {
    "adamw_torch": "torch.optim.AdamW",
    "adamw_bnb_8bit": "bitsandbytes.optim.AdamW8bit",
    "paged_adamw_8bit": "bitsandbytes.optim.PagedAdamW8bit",
    "paged_adamw_32bit": "bitsandbytes.optim.PagedAdamW",
    "adamw_torch_8bit": "torchao.optim.AdamW8bit",
    "adamw_torch_4bit": "torchao.optim.AdamW4bit",
    "sgd": "torch.optim.SGD",
    "adagrad": "torch.optim.Adagrad",
    "rmsprop": "torch.optim.RMSprop",
    "lion_8bit": "bitsandbytes.optim.Lion8bit",
    "lion_32bit": "bitsandbytes.optim.Lion",
    "paged_lion_8bit": "bitsandbytes.optim.PagedLion8bit",
    "paged_lion_32bit": "bitsandbytes.optim.PagedLion",
}


def put_batching(w): ...


put_clipping = put_duration = put_optimizer = put_schedule = put_batching
