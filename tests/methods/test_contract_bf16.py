"""Every method in every variant trains in bf16 as in fp32, within what 8 bits allow.

In bf16 the networks run under autocast, as the trainer runs them. Each term stays within 3 % of its value in fp32 (or
0.01), the whole gradient within 10 % of its own length; both are several times what is seen.
"""

import pytest
import torch
from method_cases import CASES, batch_of, prepare

VALUE, SMALL, GRADIENT = 0.03, 0.01, 0.10
OF_SIGNS = 0.20  # the gradient of |s - t| is a sign, which turns where the two are nearly equal


def in_fp32(prepared):
    """The method and its teacher (which no walk over its modules finds) in float32, and a batch of theirs."""
    method = prepared.method.float().eval()
    batch = {name: _float(value) for name, value in batch_of(prepared).items()}
    return method, batch


def _float(value):
    return value.float() if isinstance(value, torch.Tensor) and value.is_floating_point() else value


def values_and_slopes(method, batch, **autocast):
    """Terms and the gradient of their weighted sum; backward runs outside autocast, as the trainer runs it."""
    method.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16, **autocast):
        loss = method(**batch)
    loss.total.backward()
    slopes = {name: value.grad.clone() for name, value in method.named_parameters() if value.grad is not None}
    return {name: term.value.item() for name, term in loss.terms.items()}, slopes


def length(slopes):
    return float(sum(slope.square().sum() for slope in slopes.values()).sqrt())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bf16_is_fp32_within_bounds(case):
    method, batch = in_fp32(prepare(case))
    wanted, slopes = values_and_slopes(method, batch, enabled=False)
    found, slopes_in_bf16 = values_and_slopes(method, batch)
    assert found == pytest.approx(wanted, rel=VALUE, abs=SMALL)
    assert slopes_in_bf16.keys() == slopes.keys()
    apart = length({name: slopes_in_bf16[name] - slope for name, slope in slopes.items()})
    assert apart / length(slopes) < (OF_SIGNS if getattr(case.spec, "distance", "") == "l1" else GRADIENT)
