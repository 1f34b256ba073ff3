import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from napari_strata.config import ModelConfig, TrainingConfig
from napari_strata.config.optimization import OptimizerConfig
from napari_strata.errors import TrainingError
from napari_strata.models.registry import build_network
from napari_strata.training.engine.optimizer import Stepper, make_optimizer
from napari_strata.training.machine.out_of_memory import is_out_of_memory
from napari_strata.types import Truth


def one_step(name: str, gradients: list[float], **settings: float) -> float:
    """Return where a weight of 1 is after steps of rate 0.1 with such gradients."""
    weight = nn.Parameter(torch.tensor([1.0]))
    config = OptimizerConfig.parse({"name": name, "learning_rate": 0.1, "weight_decay": 0} | settings)
    optimizer = make_optimizer([weight], config)
    for gradient in gradients:
        weight.grad = torch.tensor([gradient])
        optimizer.step()
    return weight.item()


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("sgd", {}, 1 - 0.1 * 2 - 0.1 * 2),
        ("sgd", {"weight_decay": 0.5}, (1 - 0.1 * 2.5) - 0.1 * (2 + 0.5 * 0.75)),
        ("momentum", {"momentum": 0.5}, 1 - 0.1 * 2 - 0.1 * 3),
        ("adam", {}, 1 - 0.1 - 0.1),
        ("adamw", {"weight_decay": 0.5}, (1 * 0.95 - 0.1) * 0.95 - 0.1),
    ],
)
def test_two_steps_with_gradient_2_move_a_weight_to(name, settings, expected):
    assert one_step(name, [2.0, 2.0], **settings) == pytest.approx(expected, abs=1e-6)


def test_rmsprop_divides_by_the_root_of_the_mean_square():
    assert one_step("rmsprop", [2.0], momentum=0) == pytest.approx(1 - 0.1 * 2 / (0.01 * 4) ** 0.5, abs=1e-5)


class Hungry(nn.Module):
    """Needs more memory than there is for more than so many samples."""

    def __init__(self, network: nn.Module, most: int, error: Exception) -> None:
        super().__init__()
        self.network, self.most, self.error = network, most, error

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if len(images) > self.most:
            raise self.error
        return self.network(images)


BATCH = torch.randn(5, 1, 16, 16, generator=torch.Generator().manual_seed(0))
LABELS = torch.randint(0, 3, (5, 1, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
TRUTH = Truth(LABELS, weights=torch.rand(5, 1, 16, 16, generator=torch.Generator().manual_seed(2)))


def stepper(most: int = 5, error: Exception | None = None, **optimizer: object) -> tuple[Stepper, nn.Module]:
    torch.manual_seed(0)
    model = ModelConfig(architecture="unet", layers=1, filters=(4, 8), norm="group")
    network = Hungry(build_network(model, 1), most, error or torch.OutOfMemoryError("CUDA out of memory."))
    config = TrainingConfig.parse({"optimizer": {"name": "sgd", "weight_decay": 0} | optimizer})
    fabric = Fabric(accelerator="cpu", devices=1)
    module, torch_optimizer = fabric.setup(network, make_optimizer(network.parameters(), config.optimizer))
    return Stepper(module, torch_optimizer, config, fabric), network


def gradients(network: nn.Module) -> torch.Tensor:
    return torch.cat([p.grad.flatten() for p in network.parameters()])


@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_the_gradient_of_a_batch_in_parts_is_that_of_the_whole_batch(most):
    whole, network = stepper()
    in_parts, hungry = stepper(most)
    losses = [each.step(BATCH, TRUTH, 0.1) for each in (whole, in_parts)]
    assert losses[1] == pytest.approx(losses[0], abs=1e-6)
    torch.testing.assert_close(gradients(hungry), gradients(network), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 12 bytes."),
    ],
)
def test_where_memory_is_short_the_batch_is_halved_and_this_is_said_once(error):
    smaller, _ = stepper(2, error)
    smaller.step(BATCH, TRUTH, 0.1)
    assert smaller.part_size == 2
    first, second = smaller.take_warnings()
    assert "from now on 3 at a time" in first.message
    assert "from now on 2 at a time" in second.message
    smaller.step(BATCH, TRUTH, 0.1)
    assert smaller.take_warnings() == []


def test_where_not_even_one_patch_fits_the_training_ends_with_a_remedy():
    starved, _ = stepper(0)
    with pytest.raises(TrainingError, match=r"one patch of 16 x 16 pixels.*smaller patch"):
        starved.step(BATCH, TRUTH, 0.1)


def test_where_others_wait_for_the_whole_gradient_a_lack_of_memory_ends_the_training(monkeypatch):
    monkeypatch.setattr(Fabric, "world_size", 2)
    small, _ = stepper(most=1)
    with pytest.raises(torch.OutOfMemoryError):
        small.step(BATCH, TRUTH, 0.1)


def test_other_errors_are_no_lack_of_memory():
    broken, _ = stepper(2, RuntimeError("shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="multiplied"):
        broken.step(BATCH, TRUTH, 0.1)
    assert not is_out_of_memory(ValueError("out of memory"))


def test_gradients_beyond_the_norm_are_scaled_down_to_it():
    clipped, network = stepper(clip_norm=1e-3)
    free, other = stepper()
    for each in (clipped, free):
        each.step(BATCH, TRUTH, 0.1)
    assert gradients(network).norm().item() == pytest.approx(1e-3, rel=1e-3)
    direction = gradients(other) / gradients(other).norm()
    torch.testing.assert_close(gradients(network) / 1e-3, direction, atol=1e-3, rtol=0)
