"""GPUs as nvidia-smi prints them."""

from batchscope.planning.checks.gpu_facts import MIB, chosen, gpus_from

TABLE = """\
0, GPU-5d7c40a2-1111-2222-3333-444444444444, NVIDIA H100 80GB HBM3, 81559, 80994, Disabled
1, GPU-6e8d51b3-1111-2222-3333-444444444444, NVIDIA H100 80GB HBM3, 81559, 81000, Enabled
2, GPU-7f9e62c4-1111-2222-3333-444444444444, NVIDIA GB10, [N/A], [N/A], [N/A]
"""
"""The form of driver 570; the last line is that of a GPU which shares the host's memory."""


def test_sizes_that_the_driver_does_not_tell_are_not_known() -> None:
    whole, sliced, shared = gpus_from(TABLE)
    assert (whole.total, whole.free) == (81559 * MIB, 80994 * MIB)
    assert (sliced.total, shared.total) == (None, None)
    assert (sliced.name, shared.index) == ("NVIDIA H100 80GB HBM3", "2")
    assert gpus_from("No devices were found\n") == gpus_from("") == []
    assert gpus_from("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n") == []


def test_gpus_are_chosen_by_number_by_uuid_and_by_the_start_of_one() -> None:
    gpus = gpus_from(TABLE)
    assert [gpu.index for gpu in chosen(["2", "0"], gpus)] == ["2", "0"]
    assert [gpu.index for gpu in chosen(["GPU-6e8d"], gpus)] == ["1"]
    assert chosen(["MIG-1", "7", "GPU-0000"], gpus) == []
