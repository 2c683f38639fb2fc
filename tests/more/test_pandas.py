"""What people do with /metrics.json: put it into a data frame."""

import json
import urllib.request

import numpy as np
import pandas


def test_a_metric_of_the_answer_is_a_data_frame(serve, log):
    log.append("".join(f"step={step} loss={1 / step:.6f} acc={step / 1000}\n" for step in range(1, 401)))
    log.append("step=401 loss=nan acc=inf\n")
    server = serve(log.path)
    with urllib.request.urlopen(f"{server.url}/metrics.json") as answer:
        metrics = json.load(answer)["runs"]["train"]["metrics"]

    loss = pandas.DataFrame(metrics["loss"])

    assert list(loss.columns) == ["step", "epoch", "wall_time", "value"]
    assert loss["step"].tolist() == list(range(1, 402))
    assert loss["value"].isna().sum() == 1
    assert np.isclose(loss["value"][0], 1.0)
