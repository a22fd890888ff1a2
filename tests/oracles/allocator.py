"""What PyTorch's allocator gives out on the CPU while a module goes forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def given_out(body: Callable[[], Any]) -> tuple[int, int, Any]:
    """Bytes that remain and the most there were while ``body`` runs, and its result."""
    with torch.autograd.profiler.profile(profile_memory=True) as profiled:
        result = body()
    now = most = 0
    for event in profiled.kineto_results.events():
        if event.name() == "[memory]":
            now += event.nbytes()
            most = max(most, now)
    return now, most, result


def passes(module: Any, x: Any) -> tuple[int, int, int]:
    """Bytes saved, the most of the forward pass, and what the backward pass adds to the former; the
    result is not counted among what is saved."""
    module(x).sum().backward()
    for tensor in (*module.parameters(), x):
        tensor.grad = None
    saved, forward, y = given_out(lambda: module(x))
    gradient = torch.ones_like(y)
    _, backward, _ = given_out(lambda: y.backward(gradient))
    return saved - y.nbytes, forward, backward
