"""Text: `loss: 0.5`, `loss=0.5`, `loss 0.5`, `0.5 avg`, `Score at iteration 7 is 0.5`, after any log prefix.

What is a number: `app.scan`, by the grammar of `app.rows.NUMBER`, with a unit or a total.
What is a name: `app.message`, the words before it since the last mark.
What is a step: `app.roles`, a number whose name counts (`app.names`), or one that stands where people put it: `[7]`,
`[3][7/500]`, `7: …`, `7/500` behind an epoch.
"""

from __future__ import annotations

from collections.abc import Callable

from app.glued import records_in
from app.message import read_line
from app.rows import Fields

ORDER = 90
SAMPLES: list[tuple[str, Fields | None]] = [
    # LightGBM train and cv, CatBoost, XGBoost train and cv
    (
        "[3]\ttraining's auc: 0.933045\tvalid_1's auc: 0.916085",
        {"step": 3, "training's auc": 0.933045, "valid_1's auc": 0.916085},
    ),
    (
        "[15]\ttrain's l2: 5254.15 + 44.8736\tvalid's l2: 8422.38 + 560.797",
        {"step": 15, "train's l2": 5254.15, "valid's l2": 8422.38},
    ),
    (
        "40:\ttest: 0.9470798\tbest: 0.9470798 (40)\ttotal: 126ms\tremaining: 796ms",
        {"step": 40, "test": 0.9470798, "best": 0.9470798, "total": 126},
    ),
    ("[2]\ttrain-logloss:0.52847\teval-auc:0.91651", {"step": 2, "train-logloss": 0.52847, "eval-auc": 0.91651}),
    ("[0]\ttrain-rmse:38.8+0.98\ttest-rmse:39.1+1.25", {"step": 0, "train-rmse": 38.8, "test-rmse": 39.1}),
    # scikit-learn: MLP, HistGradientBoosting
    ("Iteration 3, loss = 2.16854932", {"step": 3, "loss": 2.16854932}),
    ("Validation score: 0.235714", {"Validation score": 0.235714, "@loose": 1}),
    (
        "[3/60] 1 tree, 31 leaves, max depth = 7, train loss: 0.54129, val loss: 0.54986, in 0.004s",
        {"step": 3, "@total": 60, "tree": 1, "leaves": 31, "max depth": 7, "train loss": 0.54129, "val loss": 0.54986},
    ),
    # timm, torchvision references
    (
        "Train: 0 [  40/88 ( 47%)]  Loss: 2.31 (2.34)  Time: 0.002s, 10143.42/s  (0.003s, 4748.87/s)",
        {
            "epoch": 0,
            "step": 40,
            "@total": 88,
            "@within": 1,
            "train/Loss": 2.31,
            "train/Time": 0.002,
            "@section": "train",
        },
    ),
    (
        "Test: [   0/6]  Time: 0.002 (0.002)  Loss:   0.582 ( 0.582)  Acc@1:  78.125 ( 78.125)",
        {"step": 0, "@total": 6, "test/Time": 0.002, "test/Loss": 0.582, "test/Acc@1": 78.125, "@section": "test"},
    ),
    (
        "Epoch: [0]  [20/44]  eta: 0:00:00  lr: 0.1  loss: 1.8464 (1.7655)  acc1: 50.0000 (46.8750)",
        {"epoch": 0, "step": 20, "@total": 44, "@within": 1, "lr": 0.1, "loss": 1.8464, "acc1": 50},
    ),
    # pytorch/examples: imagenet, mnist
    (
        "Epoch: [0][30/44]\tTime 0.002 (0.003)\tLoss 0.2287 (1.3190)\tPrec@1 90.625 (56.855)",
        {"epoch": 0, "step": 30, "@total": 44, "@within": 1, "Time": 0.002, "Loss": 0.2287, "Prec@1": 90.625},
    ),
    (" *   Acc@1 97.229 Acc@5 100.000", {"Acc@1": 97.229, "Acc@5": 100, "@loose": 1}),
    (
        "Train Epoch: 1 [320/1400 (23%)]\tLoss: 1.826116",
        {"epoch": 1, "step": 320, "@total": 1400, "@within": 1, "train/Loss": 1.826116, "@section": "train"},
    ),
    (
        "Test set: Average loss: 0.2637, Accuracy: 367/397 (92%)",
        {"test/Average loss": 0.2637, "test/Accuracy": 92, "@section": "test", "@loose": 1},
    ),
    # DeepSpeed, Megatron-LM, NeMo, verl
    ("[Rank 0] step=20, skipped=0, lr=[0.0383], mom=[0.9]", {"step": 20, "skipped": 0, "lr": 0.0383, "mom": 0.9}),
    (
        " iteration       30/     600 | consumed samples:         7680 | lm loss: 9.428027E+00 |",
        {"step": 30, "@total": 600, "consumed samples": 7680, "lm loss": 9.428027},
    ),
    (
        " validation loss at iteration 300 | lm loss value: 4.148334E+00 | lm loss PPL: 6.332841E+01 | ",
        {"step": 300, "val/lm loss value": 4.148334, "val/lm loss PPL": 63.32841, "@section": "val"},
    ),
    (
        "Training epoch 0, iteration 2/19 | lr: 4.5e-07 | global_step: 2 | reduced_train_loss: 10.37",
        {"epoch": 0, "step": 2, "train/lr": 4.5e-07, "reduced_train_loss": 10.37, "@section": "train"},
    ),
    (
        "step:3 - actor/pg_loss:-0.005 - actor/pg_clipfrac:np.float64(0.002) - critic/score/mean:0.263",
        {"step": 3, "actor/pg_loss": -0.005, "actor/pg_clipfrac": 0.002, "critic/score/mean": 0.263},
    ),
    # Kaldi, RLlib, scikit-learn's SGD, darknet
    (
        "LOG (nnet3-chain-train[5.5.1009~1-e4940]:PrintStatsForThisPhase():nnet-training.cc:336) Average objective"
        " function for 'output-xent' for minibatches 10-19 is -4.28379 over 9600 frames.",
        {"step": 19, "objective function for output-xent": -4.28379, "frames": 9600},
    ),
    ("  episode_return_mean: 18.77358490566038", {"episode_return_mean": 18.77358490566038, "@loose": 1.0}),
    (
        "Norm: 0.30, NNZs: 4, Bias: -0.1, T: 150, Avg. loss: 0.5",
        {"Norm": 0.3, "NNZs": 4, "Bias": -0.1, "T": 150, "Avg loss": 0.5, "@loose": 1.0},
    ),
    (
        "Region 94 Avg IOU: 0.027643, Class: 0.539611, .5R: 0.000000,  count: 3",
        {"Avg IOU": 0.027643, "Class": 0.539611, ".5R": 0.0, "count": 3, "@loose": 1.0},
    ),
    # ESPnet, WeNet, fairseq, flair
    (
        "1epoch:train:101-150batch: iter_time=1.520e-04, loss_ctc=195.458, acc=0.408",
        {
            "epoch": 1,
            "step": 150,
            "train/iter_time": 0.000152,
            "train/loss_ctc": 195.458,
            "train/acc": 0.408,
            "@section": "train",
        },
    ),
    (
        "TRAIN Batch 0/200 loss 149.148483 loss_att 134.233635 lr 0.00008000 rank 0",
        {
            "step": 0,
            "@total": 200,
            "train/loss": 149.148483,
            "train/loss_att": 134.233635,
            "train/lr": 8e-05,
            "@section": "train",
        },
    ),
    (
        "epoch 001:     15 / 25 loss=5.141, ppl=35.29, num_updates=15, lr=0.0015",
        {"epoch": 1, "step": 15, "loss": 5.141, "ppl": 35.29, "lr": 0.0015},
    ),
    (
        "epoch 003 | valid on 'valid' subset | loss 3.247 | ppl 9.49 | num_updates 75",
        {"epoch": 3, "step": 75, "val/loss": 3.247, "val/ppl": 9.49, "@section": "val"},
    ),
    (
        "DEV : loss 0.1332416832447052 - f1-score (micro avg)  0.975",
        {"dev/loss": 0.1332416832447052, "dev/f1-score (micro avg)": 0.975, "@section": "dev", "@loose": 1},
    ),
    # detectron2, MMEngine, PaddleDetection
    (
        "  eta: 0:04:03  iter: 59  total_loss: 1.292  loss_cls: 0.4524    time: 0.4664  max_mem: 2724M",
        {"step": 59, "total_loss": 1.292, "loss_cls": 0.4524, "time": 0.4664, "max_mem": 2724},
    ),
    (
        "Epoch(val) [3][13/13]    top1: 97.2292  data_time: 0.0016  time: 0.0190",
        {
            "epoch": 3,
            "step": 13,
            "@total": 13,
            "@within": 1,
            "val/top1": 97.2292,
            "val/data_time": 0.0016,
            "val/time": 0.019,
            "@section": "val",
        },
    ),
    (
        "Epoch: [0] [100/250] learning_rate: 0.000025 loss_xy: 69.188998 eta: 0:23:20 ips: 18.0456 images/s",
        {
            "epoch": 0,
            "step": 100,
            "@total": 250,
            "@within": 1,
            "learning_rate": 2.5e-05,
            "loss_xy": 69.188998,
            "ips": 18.0456,
        },
    ),
    # gensim, fastText
    ("Loss after epoch 2: 822378.0", {"epoch": 2, "Loss": 822378}),
    (
        "Progress:   5.0% words/sec/thread: 1440344 lr:  0.094966 avg.loss:  0.462058 ETA:   0h 0m 5s",
        {"step": 5, "words/sec/thread": 1440344, "lr": 0.094966, "avg.loss": 0.462058},
    ),
    # TensorFlow, PyTorch-Ignite
    ("loss = 2.1909027, step = 150 (0.039 sec)", {"step": 150, "loss": 2.1909027}),
    (
        "Training loss (for one batch) at step 20: 1.9695",
        {"step": 20, "Training loss (for one batch)": 1.9695, "@section": "train"},
    ),
    (
        "Epoch [1/6]: [2/44]   5%|▍         , loss=2.35 [00:00<00:09]",
        {"epoch": 1, "@epochs": 6, "step": 2, "@total": 44, "@within": 1, "loss": 2.35},
    ),
    # Caffe, darknet, Deeplearning4j, MXNet
    (
        "    Train net output #0: loss = 0.332999 (* 1 = 0.332999 loss)",
        {"train/loss": 0.332999, "@section": "train", "@loose": 1},
    ),
    ("Iteration 500, Testing net (#0)", {"step": 500, "@section": "test"}),
    (
        "3: 1117.985962, 1118.461182 avg, 0.000000 rate, 0.120866 seconds, 3 images",
        {"step": 3, "value": 1117.985962, "avg": 1118.461182, "rate": 0, "images": 3},
    ),
    ("Score at iteration 200 is 1.6125481248745142", {"step": 200, "Score": 1.6125481248745142}),
    (
        "Epoch[0] Batch [200]\tSpeed: 628.10 samples/sec\tTrain-accuracy=0.004687",
        {"epoch": 0, "step": 200, "Speed": 628.1, "Train-accuracy": 0.004687},
    ),
    # loguru, structlog, logfmt, absl, CLU, Optuna
    (
        "2026-11-23 18:42:06.245 | INFO     | __main__:<module>:9 - Epoch 0 | Step 40 | loss: 2.3261",
        {"epoch": 0, "step": 40, "loss": 2.3261, "@local": 1795459326.245},
    ),
    (
        "2026-11-23 18:42:06 [info     ] train step                     epoch=0 loss=2.29 step=40",
        {"epoch": 0, "step": 40, "train/loss": 2.29, "@section": "train", "@local": 1795459326},
    ),
    (
        'time="2025-11-20T09:15:09Z" level=info msg="training step" step=20 loss=2.18061 elapsed=1.160s',
        {"step": 20, "train/loss": 2.18061, "@section": "train"},
    ),
    (
        "I1123 18:42:08.615231 140447743908736 train_logs.py:30] step: 40, loss: 2.326122",
        {"step": 40, "loss": 2.326122, "@yearless": 28233728.615231},
    ),
    (
        "[75] collection=train accuracy=0.579762, loss=1.2607144117355347",
        {"step": 75, "train/accuracy": 0.579762, "train/loss": 1.2607144117355347, "@section": "train"},
    ),
    (
        "Trial 2 finished with value: 0.892 and parameters: {'alpha': 0.00015, 'loss': 'log_loss'}.",
        {"step": 2, "value": 0.892},
    ),
    # A split before the name; the same names twice; `value (avg)`; units; thousands; other scripts
    ("Train: loss 0.25, acc 0.5", {"train/loss": 0.25, "train/acc": 0.5, "@section": "train", "@loose": 1}),
    ("train Loss: 0.1451 Acc: 0.9433", {"train Loss": 0.1451, "train Acc": 0.9433, "@loose": 1}),
    (
        "Epoch 2 | Train Loss: 10.7405 | Token Acc: 0.0660 | Val Loss: 10.6674 | Token Acc: 0.0661",
        {"epoch": 2, "Train Loss": 10.7405, "Train Token Acc": 0.066, "Val Loss": 10.6674, "Val Token Acc": 0.0661},
    ),
    (
        "[epoch:  0, iter:   2,800, lr:(2.000e-04,)] l_pix: 8.5329e-01 ",
        {"epoch": 0, "step": 2800, "lr": 0.0002, "l_pix": 0.85329},
    ),
    ("[1,  6000] loss: 1.705", {"epoch": 1, "step": 6000, "@within": 1, "loss": 1.705}),
    (
        "step 1.2M reward -7.5e-05 n 888 Acc: 71.59% (9332/13036) mem: 584Mb",
        {"step": 1200000, "reward": -7.5e-05, "n": 888, "Acc": 71.59, "mem": 584},
    ),
    (
        "当前Batch：30/6035 | 当前epoch:0/50 | 当前损失值：10.1335 | 当前准确率：0.00%",
        {"epoch": 0, "@epochs": 50, "step": 30, "@total": 6035, "当前损失值": 10.1335, "当前准确率": 0},
    ),
    # Nothing to plot: prose, model, settings, trace, place in a file, version, nvidia-smi, checkpoint
    ("Loading the data set", None),
    ("  (fc): Linear(in_features=8, out_features=2, bias=True)", None),
    ("epochs=150, batch_size=32, workers=4, val_split=0.2", None),
    ('  File "train.py", line 12, in <module>', None),
    ("losses.py:49: UserWarning: Creating a tensor from a list of numpy.ndarrays is extremely slow.", None),
    ("torch 2.9.1+cu128, Python 3.12.3", None),
    ("| N/A   34C    P0    45W / 300W |   1234MiB / 32510MiB |      0%      Default |", None),
    ("saving checkpoint at iteration     300 to /data/ckpt in torch_dist format", None),
]


def parser() -> Callable[[str], Fields | None]:
    """Stateless: the same for every log."""
    return parse


def parse(text: str) -> Fields | None:
    """The counts, metrics and time stamp of a line; None where it has none, or is several records."""
    return read_line(text) if len(records_in(text)) == 1 else None
