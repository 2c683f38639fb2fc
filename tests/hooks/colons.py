"""Lines such as `phase A :: 12 :: 0.731`: words that no built-in format takes for a step and a loss."""


def parse(line):
    """The step and the loss of a line; None for all others, which Tailplot then reads by itself."""
    if not line.startswith("phase"):
        return None
    phase, step, loss = line.split(" :: ")
    return {"step": step, f"loss {phase[-1]}": loss}
