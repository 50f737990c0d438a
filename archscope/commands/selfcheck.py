"""archscope selfcheck"""

from typing import Annotated

from archscope.commands import command
from archscope.commands.measuring import DataType, Device, OneThreads, Seconds, measuring_options, progress_line, timed
from archscope.commands.output import write
from archscope.errors import EnvironmentFailure


@command("Check", "archscope selfcheck --device cpu")
def selfcheck(
    device: Device = "cpu",
    dtype: DataType = None,
    batch: Annotated[int | None, timed("--batch", "N", "Images at a time [2, on CUDA 256].")] = None,
    seconds: Seconds = None,
    threads: OneThreads = None,
) -> None:
    """Hold archscope's times and memory against other clocks on this machine.

    Against torch's timer, triton's, the sum over the layers, the replay of a CUDA graph, the predicted memory. Exit
    code 1 if one is further off than it should be. Times that are so on busy cores are noisy, and no failure.
    """
    options = measuring_options(device, dtype=dtype, seconds=seconds, threads=threads)
    assert options is not None  # there is a device
    from archscope.selfcheck import selfcheck as checks

    failed = noisy = made = 0
    write(HEADING, None)
    for check in checks(options, batch, progress=progress_line()):
        made, noisy, failed = made + 1, noisy + check.noisy, failed + (not check.passed and not check.noisy)
        ratio = "-" if check.ratio is None else f"{check.ratio:.3f}"
        verdict = "pass" if check.passed else "noisy" if check.noisy else f"FAIL {check.why}".rstrip()
        write(f"{check.case:38}  {check.what:18}  {ratio:>6}  {check.within:>6.0%}  {verdict}\n", None)
    if noisy:
        said = "since other work takes more than half of the cores: run again without it"
        write(f"{noisy} of {made} noisy, {said}\n", None)
    if failed:
        raise EnvironmentFailure(f"{failed} of {made} are further off than they should be: try again on idle cores")


HEADING = f"{'Network':38}  {'What':18}  {'Ratio':>6}  {'Within':>6}\n"
