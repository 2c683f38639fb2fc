"""The small real training behind `make run`: a two-layer net that learns to part two spirals."""

import argparse
import datetime
import math
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Fields = dict[str, str]

STEPS = 2000  # logged ones
BATCH = 64
HIDDEN = 48
PEAK_RATE, WARM_UP = 0.08, 100  # of the schedule: linear up, then half a cosine down
MOMENTUM = 0.9
CHECK_EVERY = 20  # steps between two looks at the validation points


class Points(NamedTuple):
    """Points in the plane with the arm of the spiral that each belongs to (0 or 1)."""

    at: Floats  # (points, 2)
    arm: Floats  # (points,)


class Net(NamedTuple):
    """The weights of tanh(x A + a) B + b; also their gradients and their momenta."""

    first: Floats  # (2, hidden)
    first_bias: Floats
    second: Floats  # (hidden,)
    second_bias: Floats


def spirals(rng: np.random.Generator, count: int, noise: float = 0.085) -> Points:
    """Points on two interleaved arms of one and a half turns, blurred by Gaussian noise."""
    arm = (np.arange(count) % 2).astype(np.float64)
    along = np.sqrt(rng.uniform(0.02, 1.0, count))
    angle = along * 3.0 * math.pi + arm * math.pi
    at = along[:, None] * np.stack((np.cos(angle), np.sin(angle)), axis=1)
    return Points(2.0 * (at + rng.normal(0.0, noise, at.shape)), arm)


def new_net(rng: np.random.Generator) -> Net:
    """The weights of a net that has learned nothing."""
    return Net(
        rng.normal(0.0, 1.0, (2, HIDDEN)),
        rng.normal(0.0, 0.5, HIDDEN),
        rng.normal(0.0, 1.0 / math.sqrt(HIDDEN), HIDDEN),
        np.zeros(1),
    )


def score(net: Net, points: Points) -> tuple[float, float]:
    """The mean cross-entropy (nats) and the accuracy of a net on points."""
    logit = np.tanh(points.at @ net.first + net.first_bias) @ net.second + net.second_bias
    # log(1 + exp(z)) - y z, without overflow
    loss = np.logaddexp(0.0, logit) - points.arm * logit
    return float(loss.mean()), float(((logit > 0) == (points.arm > 0.5)).mean())


def gradient(net: Net, points: Points) -> Net:
    """The gradient of the mean cross-entropy, by hand-written back-propagation."""
    hidden = np.tanh(points.at @ net.first + net.first_bias)
    logit = hidden @ net.second + net.second_bias
    error = (1.0 / (1.0 + np.exp(-logit)) - points.arm) / len(points.arm)
    back = np.outer(error, net.second) * (1.0 - hidden**2)
    return Net(points.at.T @ back, back.sum(axis=0), hidden.T @ error, error.sum(keepdims=True))


def rate_at(step: int, steps: int) -> float:
    """The learning rate of a step from 1 to `steps`."""
    if step <= WARM_UP:
        return PEAK_RATE * step / WARM_UP
    done = (step - WARM_UP) / max(1, steps - WARM_UP)
    return PEAK_RATE * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * done)))


def data_sets(rng: np.random.Generator) -> tuple[Points, Points]:
    """The points to train on and, apart from them, those to validate on."""
    return spirals(rng, 600), spirals(rng, 500)


def train(seed: int, steps: int = STEPS) -> Iterator[tuple[int, Fields]]:
    """A training by SGD with momentum as it goes: (step, what to log of it).

    `train_*` are of the step's batch, before its update; every CHECK_EVERY steps and at the
    last one a second record gives `val_*` over all points held out. One step takes 0.1 ms.
    """
    rng = np.random.default_rng(seed)
    seen, held_out = data_sets(rng)
    net = new_net(rng)
    momenta = Net(*(np.zeros_like(part) for part in net))
    for step in range(1, steps + 1):
        pick = rng.choice(len(seen.arm), BATCH, replace=False)
        batch = Points(seen.at[pick], seen.arm[pick])
        loss, accuracy = score(net, batch)
        rate = rate_at(step, steps)
        slopes = gradient(net, batch)
        momenta = Net(*(MOMENTUM * m + g for m, g in zip(momenta, slopes, strict=True)))
        net = Net(*(part - rate * m for part, m in zip(net, momenta, strict=True)))
        yield (
            step,
            {
                "train_loss": f"{loss:.4f}",
                "train_acc": f"{accuracy:.4f}",
                "lr": f"{rate:.2e}",
            },
        )
        if step % CHECK_EVERY == 0 or step == steps:
            loss, accuracy = score(net, held_out)
            yield step, {"val_loss": f"{loss:.4f}", "val_acc": f"{accuracy:.4f}"}


def log_line(when: float, message: str) -> str:
    """One line as a logging formatter would write it; `when` in s since the Unix epoch."""
    stamp = datetime.datetime.fromtimestamp(when, datetime.UTC)
    return f"{stamp:%Y-%m-%d %H:%M:%S}Z INFO {message}\n"


def write_log(
    write: Callable[[str], object],
    seed: int,
    seconds: float,
    sleep: Callable[[float], object],
    now: Callable[[], float],
    steps: int = STEPS,
) -> None:
    """Train at a human pace, spread over `seconds`, and write each record as a line.

    `now` gives s since the Unix epoch. The time that a step takes is part of its pace.
    """
    begun, best = now(), 0.0
    write(log_line(begun, f"training a 2-{HIDDEN}-1 net on two spirals, seed {seed}, {steps} steps"))
    for step, fields in train(seed, steps):
        if "val_acc" in fields:
            best = max(best, float(fields["val_acc"]))
        else:
            sleep(max(0.0, begun + step * seconds / steps - now()))
            spent = now() - begun
            fields = fields | ({"steps/s": f"{step / spent:.1f}"} if spent > 0 else {})
        said = " ".join(f"{name} {value}" for name, value in fields.items())
        write(log_line(now(), f"step {step}/{steps} {said}"))
    # Words before the number: this is no further point of val_acc.
    write(log_line(now(), f"training finished with a best accuracy of {best:.4f} on the held-out points"))


def main(
    argv: Sequence[str],
    sleep: Callable[[float], object] = time.sleep,
    now: Callable[[], float] = time.time,
) -> int:
    """Write the log of a training into a new file; 0 when done or told to stop, 2 if it cannot."""
    parser = argparse.ArgumentParser(prog="python -m app.demo", description=__doc__)
    parser.add_argument("log", type=Path, help="the log file to write; must not exist yet")
    parser.add_argument("--seconds", type=float, default=420.0, help="how long to train")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(argv)
    # SIGTERM ends it as Ctrl-C does: between two lines, without a traceback.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        # Line buffered, so that each line is there for the reader at once.
        with asked.log.open("x", buffering=1, encoding="utf-8") as log:
            write_log(log.write, asked.seed, asked.seconds, sleep, now)
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        print(f"demo: cannot write a new log at {asked.log}: {error.strerror}", file=sys.stderr)
        return 2
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
