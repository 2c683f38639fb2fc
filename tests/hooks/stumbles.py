"""A hook with a fault of each kind: it raises, gives what is no dict, and dicts with what is no number."""


def parse(line):
    word = line.split()[0]
    if word == "raise":
        return {"loss": float(line)}
    if word == "divide":
        return {"loss": 1 / 0}
    if word == "exit":
        raise SystemExit(3)
    return {
        "list": [1, 2],
        "values": {"flag": True, "none": None, "deep": [1], "word": "high", "loss": 0.5},
        "names": {3: 1.0, "@time": 1.0, "loss": 0.25},
        "nothing": {},
    }.get(word)
