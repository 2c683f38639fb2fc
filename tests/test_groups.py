"""groups: metric names become charts as people think of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.groups import SPLITS, charts_of, labels_of


def table(*metrics: str) -> dict[str, dict[str, str]]:
    return {chart.key: dict(labels_of(chart, chart.metrics)) for chart in charts_of(metrics)}


@pytest.mark.parametrize(
    ("metrics", "charts"),
    [
        (["loss"], {"loss": {"loss": "value"}}),
        (["val_loss"], {"val_loss": {"val_loss": "value"}}),
        (["train/loss", "val/loss"], {"loss": {"train/loss": "train", "val/loss": "val"}}),
        (["val_loss", "loss"], {"loss": {"loss": "train", "val_loss": "val"}}),
        (
            ["train/loss", "val_loss", "loss"],
            {"loss": {"train/loss": "train/loss", "val_loss": "val", "loss": "train"}},
        ),
        (["Train Loss", "Valid Loss"], {"Loss": {"Train Loss": "train", "Valid Loss": "val"}}),
        (["eval_loss", "loss"], {"loss": {"loss": "train", "eval_loss": "eval"}}),
        (["loss", "test.loss", "dev-loss"], {"loss": {"loss": "train", "test.loss": "test", "dev-loss": "dev"}}),
        (["train", "val"], {"train, val": {"train": "train", "val": "val"}}),
        (["val/a/loss", "valid/a/loss"], {"a_loss": {"val/a/loss": "val/a/loss", "valid/a/loss": "valid/a/loss"}}),
        (["constrain", "value"], {"constrain": {"constrain": "value"}, "value": {"value": "value"}}),
    ],
    ids=repr,
)
def test_names_that_measure_the_same_share_a_chart(metrics: list[str], charts: dict[str, dict[str, str]]) -> None:
    assert table(*metrics) == charts


def test_the_training_curve_comes_first() -> None:
    assert list(table("val_loss", "train_loss")["loss"]) == ["train_loss", "val_loss"]


def test_losses_come_first_then_scores_and_the_machine_last() -> None:
    order = [chart.key for chart in charts_of(["lr", "bleu", "acc", "aux_loss", "gpu_mem", "loss"])]
    assert order == ["loss", "aux_loss", "acc", "bleu", "lr", "gpu_mem"]


@pytest.mark.parametrize(
    "metric",
    ["lr", "learning_rate", "time", "eta", "gpu_mem", "memory", "samples/sec", "tokens_per_second", "train_runtime"],
)
def test_what_tells_of_the_machine_is_of_the_system(metric: str) -> None:
    assert [chart.system for chart in charts_of([metric])] == [True]


@pytest.mark.parametrize("metric", ["loss", "acc", "train/loss", "perplexity", "grad_norm", "time_loss", "gpu_acc"])
def test_what_tells_of_the_training_is_not(metric: str) -> None:
    assert [chart.system for chart in charts_of([metric])] == [False]


words = st.sampled_from([*SPLITS, "loss", "acc", "lr", "Loss", "", "<b>", "損失"])
names = (st.lists(words, min_size=1, max_size=4).map("/".join) | st.text(max_size=8)).filter(bool)


@given(st.lists(names, unique=True, max_size=12))
def test_every_metric_is_in_one_chart_and_no_two_charts_have_one_key(metrics: list[str]) -> None:
    charts = charts_of(metrics)
    assert sorted(metric for chart in charts for metric in chart.metrics) == sorted(metrics)
    assert len({chart.key for chart in charts}) == len(charts)
    for chart in charts:
        assert len({label for _, label in labels_of(chart, chart.metrics)}) == len(chart.metrics)


def test_labels_are_those_of_the_metrics_that_a_run_has() -> None:
    (chart,) = charts_of(["loss", "train_loss", "eval_loss"])
    assert labels_of(chart, ["loss"]) == [("loss", "value")]
    assert labels_of(chart, ["eval_loss"]) == [("eval_loss", "eval")]
    assert labels_of(chart, ["train_loss", "loss"]) == [("loss", "train"), ("train_loss", "train_loss")]
