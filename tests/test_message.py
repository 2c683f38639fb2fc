"""message: what a line of text says. Lines of as many projects as there were logs of, and prose that says nothing."""

from collections.abc import Mapping

import pytest

from app.message import counts_before, read_line, read_message, record
from app.rows import Fields

LINES: Mapping[str, Fields] = {
    # Gradient boosting
    "[100]\tvalidation_0-error:0.05556": {"step": 100, "validation_0-error": 0.05556},
    "[30]\tvalid_0's multi_error: 0.0488889\tvalid_0's multi_logloss: 0.169177": {
        "step": 30,
        "valid_0's multi_error": 0.0488889,
        "valid_0's multi_logloss": 0.169177,
    },
    "[4]\ttrain-error:0.06467+0.00356\ttest-auc:0.92430+0.01807": {
        "step": 4,
        "train-error": 0.06467,
        "test-auc": 0.9243,
    },
    "199:\ttest: 0.9642627\tbest: 0.9642627 (199)\ttotal: 1.76s\tremaining: 0us": {
        "step": 199,
        "test": 0.9642627,
        "best": 0.9642627,
        "total": 1.76,
    },
    "2:\tlearn: 171.7719688\ttest: 163.7662865\ttest1: 176.1707607\tbest: 176.1707607 (2)": {
        "step": 2,
        "learn": 171.7719688,
        "test": 163.7662865,
        "test1": 176.1707607,
        "best": 176.1707607,
    },
    "bestTest = 0.9492207783": {"bestTest": 0.9492207783, "@loose": 1},
    "[LightGBM] [Warning] No further splits with positive gain, best gain: -inf": {
        "best gain": float("-inf"),
        "@loose": 1,
    },
    # scikit-learn, AutoGluon, FLAML
    "-- Epoch 3": {"epoch": 3},
    "Norm: 1.02, NNZs: 30, Bias: -0.143210, T: 6000": {
        "Norm": 1.02,
        "NNZs": 30,
        "Bias": -0.14321,
        "T": 6000,
        "@loose": 1,
    },
    "Epoch 3 (Update 33).\tTrain loss: 0.5382, Val accuracy: 0.9556, Best Epoch: 2": {
        "epoch": 3,
        "Train loss": 0.5382,
        "Val accuracy": 0.9556,
    },
    "accuracy 0.9644444444444444": {"accuracy": 0.9644444444444444, "@loose": 1},
    # PyTorch examples and their heirs
    "Test: [8/13]\tTime 0.001 (0.001)\tLoss 0.2180 (0.2568)\tPrec@1 93.750 (91.319)": {
        "step": 8,
        "@total": 13,
        "test/Time": 0.001,
        "test/Loss": 0.218,
        "test/Prec@1": 93.75,
        "@section": "test",
    },
    "Epoch: [1][21/44]\tTime  0.001 ( 0.001)\tLoss 8.3735e-02 (1.4359e-01)\tAcc@5 100.00 (100.00)": {
        "epoch": 1,
        "step": 21,
        "@total": 44,
        "@within": 1,
        "Time": 0.001,
        "Loss": 0.083735,
        "Acc@5": 100,
    },
    " * MAE 20.963": {"MAE": 20.963, "@loose": 1},
    "| epoch   1 |   600/  829 batches | lr 20.00 | ms/batch 863.55 | loss  5.75 | ppl   313.20": {
        "epoch": 1,
        "step": 600,
        "@total": 829,
        "@within": 1,
        "lr": 20,
        "ms/batch": 863.55,
        "loss": 5.75,
        "ppl": 313.2,
    },
    "| end of epoch   3 | time: 741.54s | valid loss  5.02 | valid ppl   150.80": {
        "epoch": 3,
        "time": 741.54,
        "valid loss": 5.02,
        "valid ppl": 150.8,
    },
    "[Epoch 0/200] [Batch 2/938] [D loss: 0.693199] [G loss: 0.706265]": {
        "epoch": 0,
        "@epochs": 200,
        "step": 2,
        "@total": 938,
        "D loss": 0.693199,
        "G loss": 0.706265,
    },
    "val Loss: 0.7692 Acc: 0.7529": {"val Loss": 0.7692, "val Acc": 0.7529, "@loose": 1},
    "Test:  Acc@1 95.214 Acc@5 99.748": {"test/Acc@1": 95.214, "test/Acc@5": 99.748, "@section": "test", "@loose": 1},
    "Averaged stats: model_time: 0.1036 (0.1045)  evaluator_time: 0.0030 (0.0030)": {
        "model_time": 0.1036,
        "evaluator_time": 0.003,
        "@loose": 1,
    },
    " Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.287": {
        "Average Precision (AP) @[ IoU=0.50:0.95 | area= all | maxDets=100 ]": 0.287
    },
    # Detection and segmentation
    "Epoch [1][150/400]\tlr: 2.000e-02, eta: 0:12:05, time: 0.525, memory: 3735, loss: 1.2481": {
        "epoch": 1,
        "step": 150,
        "@total": 400,
        "@within": 1,
        "lr": 0.02,
        "time": 0.525,
        "memory": 3735,
        "loss": 1.2481,
    },
    "Epoch(train) [1][60/88]  lr: 5.0000e-02  eta: 0:00:13  loss: 0.6513  acc: 81.2500": {
        "epoch": 1,
        "step": 60,
        "@total": 88,
        "@within": 1,
        "train/lr": 0.05,
        "train/loss": 0.6513,
        "train/acc": 81.25,
        "@section": "train",
    },
    "epoch: 1/300, iter: 10/14786, mem: 584Mb, iter_time: 0.224s, total_loss: 14.6, lr: 2.287e-11": {
        "epoch": 1,
        "@epochs": 300,
        "step": 10,
        "@total": 14786,
        "mem": 584,
        "iter_time": 0.224,
        "total_loss": 14.6,
        "lr": 2.287e-11,
    },
    "mAP(0.50, 11point) = 55.07%": {"mAP(0.50, 11point)": 55.07, "@loose": 1},
    "Inference done 11/13. Dataloading: 0.0010 s/iter. Inference: 0.0671 s/iter. ETA=0:00:00": {
        "Dataloading": 0.001,
        "Inference": 0.0671,
        "@loose": 1,
    },
    "iter 20 || Loss: 7.9610 ||": {"step": 20, "Loss": 7.961},
    "->> pal1 conf loss:4.7330 || pal1 loc loss:4.6713": {
        "pal1 conf loss": 4.733,
        "pal1 loc loss": 4.6713,
        "@loose": 1,
    },
    "[epoch: [1/10], lr: 0.000105, acc: 0.152344, CTCLoss: 27.627853": {
        "epoch": 1,
        "@epochs": 10,
        "lr": 0.000105,
        "acc": 0.152344,
        "CTCLoss": 27.627853,
    },
    # Language models
    "step:3/500000 train_loss:8.7611 train_time:120ms step_avg:39.91ms": {
        "step": 3,
        "@total": 500000,
        "train_loss": 8.7611,
        "train_time": 120,
        "step_avg": 39.91,
    },
    "s:2 trl:10.8579 lr:0.000003 norm:14.49": {"step": 2, "trl": 10.8579, "lr": 3e-06, "norm": 14.49},
    "[train] iter 30: loss 8.4491 2911 ms/iter": {
        "step": 30,
        "train/loss": 8.4491,
        "train/ms/iter": 2911,
        "@section": "train",
    },
    "[eval] iter 1000: train 3.3902 val 3.3503 lr 2.96e-04": {
        "step": 1000,
        "train": 3.3902,
        "val": 3.3503,
        "eval/lr": 0.000296,
        "@section": "eval",
    },
    "steps: 30 loss: 8.9566 iter time (s): 5.417": {"step": 30, "loss": 8.9566, "iter time (s)": 5.417},
    "valid loss at iteration 300 | lm loss value: 3.894614E+00 | lm loss PPL: 4.913708E+01 | ": {
        "step": 300,
        "val/lm loss value": 3.894614,
        "val/lm loss PPL": 49.13708,
        "@section": "val",
    },
    "Epoch 0, global step 60: 'val_loss' reached 6.18100 (best 6.18100), saving model to 'a-step=60.ckpt' as top 10": {
        "epoch": 0,
        "step": 60,
        "val_loss": 6.181,
    },
    "Epoch 0 | Step   20/6501 | Loss: 6.6806 | PPL: 2484.50 | LR: 8.67e-05 | Time: 0.510s": {
        "epoch": 0,
        "step": 20,
        "@total": 6501,
        "Loss": 6.6806,
        "PPL": 2484.5,
        "LR": 8.67e-05,
        "Time": 0.51,
    },
    "epoch=0/micro_step=30/global_step=30, RunningAvgSamplesPerSec=499.97, MemAllocated=0.42GB": {
        "epoch": 0,
        "step": 30,
        "micro_step": 30,
        "RunningAvgSamplesPerSec": 499.97,
        "MemAllocated": 0.42,
    },
    # Translation and speech
    "Step 150/ 5000; acc:  23.42; ppl: 368.72; xent: 5.91; lr: 0.00020; 4983/6874 tok/s;     90 sec": {
        "step": 150,
        "@total": 5000,
        "acc": 23.42,
        "ppl": 368.72,
        "xent": 5.91,
        "lr": 0.0002,
        "tok/s": 4983,
    },
    "Epoch   1, Step:     1080, Batch Loss:     4.141672, Tokens per Sec:     2279, Lr: 0.000100": {
        "epoch": 1,
        "step": 1080,
        "Batch Loss": 4.141672,
        "Tokens per Sec": 2279,
        "Lr": 0.0001,
    },
    "Epoch 2 - Validation BLEU: BLEU-1 71.65, BLEU-2 65.76, BLEU-3 46.57": {
        "epoch": 2,
        "val/BLEU-1": 71.65,
        "val/BLEU-2": 65.76,
        "val/BLEU-3": 46.57,
        "@section": "val",
    },
    "train | epoch 003 | loss 3.261 | ppl 9.59 | wps 17350 | num_updates 75 | lr 0.00408248": {
        "epoch": 3,
        "step": 75,
        "train/loss": 3.261,
        "train/ppl": 9.59,
        "train/wps": 17350,
        "train/lr": 0.00408248,
        "@section": "train",
    },
    "     | > loss_disc_real_2: 0.23245  (0.36673)": {"loss_disc_real_2": 0.23245, "@loose": 1},
    "     | > avg_loss_disc_real_4: 0.21846 (-0.03750)": {"avg_loss_disc_real_4": 0.21846, "@loose": 1},
    "3epoch results: [train] loss=57.434, acc=0.818, [valid] acc=0.9, loss=48.1": {
        "epoch": 3,
        "train/loss": 57.434,
        "train/acc": 0.818,
        "val/acc": 0.9,
        "val/loss": 48.1,
    },
    'begin validation on "valid" subset': {"@section": "val"},
    "ep: 0, batch: 60, time: 8.35, ntokens: 428.90/513, loss: 10.984375": {
        "epoch": 0,
        "step": 60,
        "time": 8.35,
        "loss": 10.984375,
    },
    # Labels of a class before the names
    "accuracy:  19.11%; precision:   0.00%; recall:   0.00%; FB1:   0.00": {
        "accuracy": 19.11,
        "precision": 0,
        "recall": 0,
        "FB1": 0,
        "@loose": 1,
    },
    "           FOREST: precision:   0.00%; recall:   0.00%; FB1:   0.00  11465": {
        "FOREST/precision": 0,
        "FOREST/recall": 0,
        "FOREST/FB1": 0,
        "@loose": 1,
    },
    "DEV : loss 0.1332416832447052 - f1-score (micro avg)  0.975": {
        "dev/loss": 0.1332416832447052,
        "dev/f1-score (micro avg)": 0.975,
        "@section": "dev",
        "@loose": 1,
    },
    # Reinforcement learning
    "Episode:    3, Score:   -94.511, Average Score:  -264.099, Market Return:   10.67%, Time Taken:   6.37s": {
        "step": 3,
        "Score": -94.511,
        "Average Score": -264.099,
        "Market Return": 10.67,
        "Time Taken": 6.37,
    },
    "[it 0003] step=3072 | EpRew=0.4 EpCost=45.0 | LB%=0.0% | time=0.3m": {
        "step": 3072,
        "EpRew": 0.4,
        "EpCost": 45,
        "LB%": 0,
        "time": 0.3,
    },
    "Episode 3\tFrame 92 \tAverage100 Score: 30.67": {"step": 3, "Frame": 92, "Average100 Score": 30.67},
    "A2C Update 3: Policy Loss=0.3124, Value Loss=2.8492": {"step": 3, "Policy Loss": 0.3124, "Value Loss": 2.8492},
    "after cycle=2 avg(utility)=272.0648127101363 avg(num_wins)=0.55": {
        "step": 2,
        "avg(utility)": 272.0648127101363,
        "avg(num_wins)": 0.55,
    },
    "Global-step 3 --Accept update with alpha=1.0, kl=6.52322595939836e-09": {
        "step": 3,
        "alpha": 1,
        "kl": 6.52322595939836e-09,
    },
    "step:3 - global_seqlen/min:61423 - actor/pg_loss:-0.005 - critic/score/max:1.000 - critic/rewards/mean:0.263": {
        "step": 3,
        "global_seqlen/min": 61423,
        "actor/pg_loss": -0.005,
        "critic/score/max": 1,
        "critic/rewards/mean": 0.263,
    },
    # TensorFlow, MXNet, Paddle, Caffe, Lua Torch, StyleGAN, darknet
    "global step 30: loss = 56.6930 (9.073 sec/step)": {"step": 30, "loss": 56.693},
    "Global Step:     30, accuracy:  14.8%, loss = 2.30 (608.5 examples/sec, 0.21 sec/batch)": {
        "step": 30,
        "accuracy": 14.8,
        "loss": 2.3,
    },
    "loss = 1.50121, step = 201, precision = 0.5625": {"step": 201, "loss": 1.50121, "precision": 0.5625},
    "Global Iter: 300 training acc: 0.21875": {"step": 300, "training acc": 0.21875},
    "Accuracy on Test-Set: 27.78% (2778 / 10000)": {"Accuracy on Test-Set": 27.78, "@loose": 1},
    "Epoch 3, Loss: 0.51, Accuracy: 92.0, Test Loss: 0.57, Test Accuracy: 84.88": {
        "epoch": 3,
        "Loss": 0.51,
        "Accuracy": 92,
        "Test Loss": 0.57,
        "Test Accuracy": 84.88,
    },
    "Epoch[147] Train-Acc=0.802439": {"epoch": 147, "Train-Acc": 0.802439},
    "Epoch[2] Time cost=2968.826": {"epoch": 2, "Time cost": 2968.826},
    "epoch: 0, batch_id: 1000, AUC:0.841936, ACC:0.768826, ips: 1862.23229 ins/s": {
        "epoch": 0,
        "step": 1000,
        "AUC": 0.841936,
        "ACC": 0.768826,
        "ips": 1862.23229,
    },
    "epoch: 2 done, AUC: 0.925404,ACC: 0.887739,loss:0.125134, epoch time: 1098.04 s": {
        "epoch": 2,
        "AUC": 0.925404,
        "ACC": 0.887739,
        "loss": 0.125134,
        "epoch time": 1098.04,
    },
    "Iteration 200, lr = 0.00985258": {"step": 200, "lr": 0.00985258},
    "Epoch: [1][3/500]\tTime 0.733 DataTime 0.009, loss 3.7429767\t": {
        "epoch": 1,
        "step": 3,
        "@total": 500,
        "@within": 1,
        "Time": 0.733,
        "DataTime": 0.009,
        "loss": 3.7429767,
    },
    "tick 13    kimg 52.0     time 1h 12m 15s   sec/tick 295.7   gpumem 4.22   augment 0.033": {
        "step": 13,
        "sec/tick": 295.7,
        "gpumem": 4.22,
        "augment": 0.033,
    },
    "[0 :    300] loss G : 1557.878 loss D : 211534.072": {"step": 300, "loss G": 1557.878, "loss D": 211534.072},
    "[       3 Epoch:[ 0/25] [   2/20018] time: 18.4421, d_loss: 7.91384792": {
        "epoch": 0,
        "@epochs": 25,
        "step": 3,
        "time": 18.4421,
        "d_loss": 7.91384792,
    },
    "(epoch: 2, iters: 120, time: 1.274, data: 0.044) , D_A: 0.187, G_A: 0.364": {
        "epoch": 2,
        "step": 120,
        "time": 1.274,
        "data": 0.044,
        "D_A": 0.187,
        "G_A": 0.364,
    },
    # Embeddings, recommendation, metric learning
    "Alpha: 0.024625  Progress: 1.50%  Words/thread/sec: 199.67k": {
        "step": 1.5,
        "Alpha": 0.024625,
        "Words/thread/sec": 199.67,
    },
    "Iteration 2, loss = 0.68959, HR@10 = 0.00331, nDCG@10 = 0.00122 ": {
        "step": 2,
        "loss": 0.68959,
        "HR@10": 0.00331,
        "nDCG@10": 0.00122,
    },
    "iter 300:, hard_loss_metric=0.54423612, mean_dist=0.53614444, hard or full='full'": {
        "step": 300,
        "hard_loss_metric": 0.54423612,
        "mean_dist": 0.53614444,
    },
    "Epoch 2\tAcc: 0.9046\tnmi: 0.8450\tari: 0.8048": {"epoch": 2, "Acc": 0.9046, "nmi": 0.845, "ari": 0.8048},
    # Prints of one's own
    "Epoch [3/10] Train Loss: 2.0870 Val Loss: 2.0067": {
        "epoch": 3,
        "@epochs": 10,
        "Train Loss": 2.087,
        "Val Loss": 2.0067,
    },
    "Epoch: 2 | Train_loss: 0.65678 | Val loss: 0.87320 | val dice: 0.63145 @ (0.6, 3000, 0.4)": {
        "epoch": 2,
        "Train_loss": 0.65678,
        "Val loss": 0.8732,
        "val dice": 0.63145,
    },
    "Epoch 30 loss 6.8052 | train 2.1s | Acc 11.52% | infer 4.4s": {
        "epoch": 30,
        "loss": 6.8052,
        "train": 2.1,
        "Acc": 11.52,
        "infer": 4.4,
    },
    "Epoch 3 Validation - Loss: 50.2903, Mod Acc: 0.0000, Mod F1: 0.0000": {
        "epoch": 3,
        "val/Loss": 50.2903,
        "val/Mod Acc": 0,
        "val/Mod F1": 0,
        "@section": "val",
    },
    "Epoch  1 | Batch 300/972 | Time/Batch(ms) 718.25 | Train Loss 0.6902": {
        "epoch": 1,
        "step": 300,
        "@total": 972,
        "Time/Batch (ms)": 718.25,
        "Train Loss": 0.6902,
    },
    "[400/300000] Train loss: 3.56731, Valid loss: 3.24884, Elapsed_time: 847.57109": {
        "step": 400,
        "@total": 300000,
        "Train loss": 3.56731,
        "Valid loss": 3.24884,
        "Elapsed_time": 847.57109,
    },
    "Entrenamiento: loss=2.1363 (value=0.3059, policy=1.3634) | Tiempo: 13.3s": {
        "Entrenamiento/loss": 2.1363,
        "Entrenamiento/value": 0.3059,
        "Entrenamiento/policy": 1.3634,
        "Entrenamiento/Tiempo": 13.3,
        "@loose": 1,
    },
    "current step: 3th step": {"step": 3},
    "Val: loss 0.5, top1 76.1, 512 img/s": {"val/loss": 0.5, "val/top1": 76.1, "@section": "val", "@loose": 1},
}

PROSE = [
    "Starting training loop at step 0.",
    "Recording summary at step 0.",
    "Saving checkpoint at 3 epochs",
    "save checkpoint for epoch 29",
    "Loading dataset from C:/Users/user/onmt_data/train.0.pt",
    "Will train until validation_rmse hasn't improved in 50 rounds.",
    "Training until validation scores don't improve for 30 rounds",
    "Stopped by overfitting detector  (60 iterations wait)",
    "Shrink model to first 204 iterations.",
    "Convergence after 13 epochs took 0.00 seconds",
    "Learning rate set to 0.18061",
    "Best validation performance so far. Copying weights to 'output/best.th'.",
    "202599 images found",
    "collected 2640 word types from a corpus of 1200000 raw words and 60000 sentences",
    "failed to allocate 496.65M (520777984 bytes) from device: CUDA_ERROR_OUT_OF_MEMORY: out of memory",
    "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB",
    '  File "/home/user/train.py", line 269, in __init__',
    "  (ff_1): Linear(in_features=512, out_features=512, bias=True)",
    "    (0): Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False)",
    "      (bn2): BatchNorm2d(64, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)",
    "  (dropout): Dropout(p=0.5, inplace=False)",
    "Namespace(amp=False, batch_size=32, epochs=10, lr=0.1, model='resnet18', workers=16)",
    "  adam_beta1 ...................................... 0.9",
    "|    2   N/A  N/A    987034      C   ...t/.pyenv/versions/3.12.9/bin/python       1812MiB |",
    "| N/A   30C    P0            118W /  700W |    1582MiB /  81559MiB |      0%      Default |",
    "Ultralytics 8.4.190 Python-3.11.7 torch-2.13.0+cpu CPU (AMD EPYC)",
    "Optimizer stripped from runs/train/weights/last.pt, 6.2MB",
    "dense (Dense)                   (None, 32)             2,080",
    "synthesis.b8.conv1    2622465     80       [4, 512, 8, 8]      float32",
    "Using 50% of accept/reject examples (131) for evaluation",
    "Model Build is 0% done...",
]


SECTIONS = {
    "Iteration 500, Testing net (#0)": "test",
    "evaluate:dev": "dev",
    "***** Running training *****": "train",
    "Eval begin...": "eval",
    'begin validation on "valid" subset': "val",
    "Validation: iteration 1/2": "val",
    "Epoch 3 Validation": "val",
}


@pytest.mark.parametrize(("line", "wanted"), LINES.items(), ids=list(LINES))
def test_a_line_of_a_real_log_says(line: str, wanted: Fields) -> None:
    assert read_line(line) == wanted


@pytest.mark.parametrize("line", PROSE)
def test_prose_models_settings_and_traces_say_nothing(line: str) -> None:
    assert read_line(line) is None


@pytest.mark.parametrize(("line", "section"), SECTIONS.items(), ids=list(SECTIONS))
def test_a_line_without_metrics_may_open_a_section(line: str, section: str) -> None:
    assert (read_line(line) or {})["@section"] == section


@pytest.mark.parametrize(
    "line",
    [
        "saving the validation set to disk",
        "Loading test images",
        f"validation {'.' * 60}",
        "Sampling 3 train batches for the report of the group",
        "the training of the model on the new machine with all of its data begins in a few minutes from now",
    ],
)
def test_a_sentence_about_a_split_opens_no_section(line: str) -> None:
    assert "@section" not in (read_line(line) or {})


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("loss 0.5 loss 0.25", ["loss"]),  # the first of two with one name
        ("train loss 1 acc 2 val loss 3 acc 4", ["train loss", "train acc", "val loss", "val acc"]),
        ("Train Loss: 1 | Acc: 2 | Val Loss: 3 | Acc: 4", ["Train Loss", "Train Acc", "Val Loss", "Val Acc"]),
        ("train loss: 1, lr: 2", ["train loss", "lr"]),
        ("train Loss: 1 Acc: 2 lr: 3", ["train Loss", "train Acc", "lr"]),
        ("[train] loss=1 acc=2 [valid] loss=3 acc=4", ["train/loss", "train/acc", "val/loss", "val/acc"]),
        ("val: loss 1 val_acc 2", ["val/loss", "val_acc"]),
    ],
)
def test_names_that_stand_twice_are_told_apart_by_their_split(line: str, names: list[str]) -> None:
    assert [name for name in read_line(line) or {} if name[0] != "@"] == names


def test_a_name_goes_back_to_the_last_mark_and_not_over_a_hinge() -> None:
    assert read_line("step 3 | best so far, the new loss: 0.5") == {"step": 3, "the new loss": 0.5}
    assert read_line("saved to disk with loss: 0.5") == {"loss": 0.5, "@loose": 1}
    assert read_line("step 3: loss is 0.5") == {"step": 3, "loss": 0.5}
    assert read_line("step 3: improved from 0.5") == {"step": 3}
    assert read_line("step 3: saved in 4.2 s") == {"step": 3}


def test_without_a_count_only_metrics_and_names_with_a_mark_are_read() -> None:
    assert read_line("found 8 files") is None
    assert read_line("size: 8") == {"size": 8, "@loose": 1}
    assert read_line("loss 8") == {"loss": 8, "@loose": 1}


def test_what_says_where_and_how_long_is_no_metric() -> None:
    assert read_line("step 3 loss 0.5 gpu 7 rank 2 worker 3") == {"step": 3, "loss": 0.5}
    assert read_line("step 3 Obj: 0.5, Class: 0.25") == {"step": 3, "Obj": 0.5, "Class": 0.25}  # darknet
    assert read_line("step 3 loss 0.5 eta: 12s remaining: 3 elapsed 7.5") == {"step": 3, "loss": 0.5}


def test_a_time_stamp_stands_beside_what_the_line_says() -> None:
    assert read_line("2026-11-23 12:04:05 loss=0.5") == {"loss": 0.5, "@loose": 1, "@local": 1_795_435_445.0}
    assert read_line("2026-11-23T12:04:05Z loss=0.5") == {"loss": 0.5, "@loose": 1, "@zoned": 1_795_435_445.0}
    assert read_line("2026-11-23 12:04:05 nothing") is None


def test_a_message_may_begin_within_a_line() -> None:
    assert read_message("INFO 7 step 3 loss 0.5", 7) == {"step": 3, "loss": 0.5}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("epoch 2: ", {"epoch": 2}),
        ("[Train 30/1882] ", {"step": 30, "@total": 1882, "@section": "train"}),
        ("step 7 loss 0.5 ", {"step": 7}),
        ("2026-11-23 12:04:05 | INFO | valid | ", {"@section": "val", "@local": 1_795_435_445.0}),
        (" 55%|#####     | 100/181 [16:15<13:08,  9.73s/it]", {}),
        ("", {}),
    ],
)
def test_before_a_record_only_counts_sections_and_stamps_are_read(text: str, wanted: Fields) -> None:
    assert counts_before(text) == wanted


@pytest.mark.parametrize(
    ("fields", "words", "wanted"),
    [
        ({"loss": 0.5}, 9, {"loss": 0.5}),
        ({"step": 3.0, "x": 1.0}, 9, {"step": 3.0, "x": 1.0}),
        ({"lr": 0.1, "beta": 0.9}, 2, {"lr": 0.1, "beta": 0.9}),
        ({"lr": 0.1, "beta": 0.9}, 3, {}),
        ({"lr": 0.1, "epochs": 10.0}, 1, {"lr": 0.1}),
        ({"loss": 0.1, "epochs": 10.0}, 0, {"loss": 0.1, "epochs": 10.0}),
        ({"lr": "0.1"}, 1, {"lr": "0.1"}),
    ],
)
def test_a_record_of_more_words_than_numbers_is_the_settings_of_a_run(
    fields: Fields, words: int, wanted: Fields
) -> None:
    assert record(fields, words) == wanted
