import threading

import torch

from napari_strata.training.machine.seeding import seeded


def test_numbers_depend_on_the_seed_and_the_generator_stays_as_it_was():
    before = torch.get_rng_state()
    with seeded(5):
        first = torch.rand(3)
    with seeded(5):
        assert torch.equal(torch.rand(3), first)
    with seeded(6):
        assert not torch.equal(torch.rand(3), first)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_thread_draws_what_it_would_draw_alone():
    with seeded(1):
        alone = torch.rand(2)
    begun, other = threading.Event(), []

    def draw() -> None:
        begun.set()
        with seeded(2):
            other.append(torch.rand(100))

    thread = threading.Thread(target=draw)
    with seeded(1):
        first = torch.rand(1)
        thread.start()
        begun.wait()
        thread.join(0.1)
        assert other == []
        second = torch.rand(1)
    thread.join()
    assert torch.equal(torch.cat([first, second]), alone)
    assert len(other) == 1
