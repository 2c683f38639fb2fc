"""names: which of them count, which say on what data, and which are metrics or options of a run."""

from collections.abc import Callable

import pytest

from app.names import (
    COUNTED,
    EPISODE,
    EPOCH,
    HINGE,
    MANY,
    PROGRESS,
    SPLITS,
    STEP,
    STEP_RANK,
    STOP,
    TOTAL,
    WALL_TIME,
    folded_of,
    has_count,
    is_metric,
    is_option,
    may_be_option,
    role_of,
    split_of,
    words_of,
)

ROLES = {
    "step": STEP,
    "episode": EPISODE,
    "epoch": EPOCH,
    "total": TOTAL,
    "progress": PROGRESS,
    "time": WALL_TIME,
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "spell",
    [
        str.lower,
        str.upper,
        str.title,
        lambda name: name.replace("_", " "),
        lambda name: name.replace("_", "-"),
    ],
    ids=["lower", "upper", "title", "blanks", "dashes"],
)
def test_every_name_in_a_table_has_its_role_in_any_spelling(role: str, spell: Callable[[str], str]) -> None:
    assert {name: role_of(spell(name)) for name in ROLES[role]} == dict.fromkeys(ROLES[role], role)


def test_no_name_has_two_roles() -> None:
    assert len(set().union(*ROLES.values())) == sum(map(len, ROLES.values()))


def test_every_name_in_a_table_is_written_as_it_is_looked_up() -> None:
    tables = [*ROLES.values(), MANY, HINGE, STOP, SPLITS]
    assert [name for table in tables for name in table if name != folded_of(name)] == []


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("global_step", "step"),
        ("trainer/global_step", "step"),
        ("Total Timesteps", "step"),
        ("num_updates", "step"),
        ("current-steps", "step"),
        ("Iteration", "step"),
        ("iter", "step"),
        ("it", "step"),
        ("Batch", "step"),
        ("round", "step"),
        ("trial", "step"),
        ("步数", "step"),
        ("迭代", "step"),
        ("ステップ", "step"),
        ("Шаг", "step"),
        ("itération", "step"),
        ("episode", "episode"),
        ("Episodes Total", "episode"),
        ("kimg", "episode"),
        ("gen", "episode"),
        ("Epoch", "epoch"),
        ("ep", "epoch"),
        ("Current Epoch", "epoch"),
        ("época", "epoch"),
        ("轮次", "epoch"),
        ("Эпоха", "epoch"),
        ("max_steps", "total"),
        ("total_iters", "total"),
        ("percentage", "progress"),
        ("Wall time", "time"),
        ("asctime", "time"),
        ("@timestamp", "time"),
        ("@total", "context"),
        ("@section", "context"),
        ("v_num", "context"),
        ("loss", "metric"),
        ("step_loss", "metric"),
        ("epoch_time", "metric"),
        ("batch_size", "metric"),
        ("steps_per_second", "metric"),
        ("episode_reward", "metric"),
        ("n", "metric"),
        ("", "metric"),
    ],
)
def test_what_names_in_real_logs_mean(name: str, role: str) -> None:
    assert role_of(name) == role


def test_the_roles_that_count_are_roles() -> None:
    assert ROLES.keys() - {"time"} == COUNTED


@pytest.mark.parametrize(
    "names",
    [
        ["global_step", "step", "iteration", "batch"],
        ["total_timesteps", "iterations"],
        ["num_updates", "batch"],
        ["training_step", "step"],
        ["iter", "batch_idx"],
        ["update", "round"],
    ],
)
def test_of_several_steps_in_a_record_the_one_over_the_whole_run_stands_first(names: list[str]) -> None:
    assert sorted(names, key=STEP_RANK.__getitem__) == names


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train_loss", "train"),
        ("Training Accuracy", "train"),
        ("trn_loss", "train"),
        ("train/box_loss", "train"),
        ("trainAcc", "train"),
        ("Train-accuracy", "train"),
        ("val_loss", "val"),
        ("valLoss", "val"),
        ("valid_0's binary_logloss", "val"),
        ("Validation BLEU-4", "val"),
        ("validation-rmse", "val"),
        ("val Acc", "val"),
        ("eval/mean_reward", "eval"),
        ("eval_loss", "eval"),
        ("Evaluation: mean", "eval"),
        ("evaluate:dev", "eval"),
        ("dev/accuracy", "dev"),
        ("Dev BLEU-1", "dev"),
        ("TEST_F1", "test"),
        ("test accuracy", "test"),
        ("AverageTestEpRet", "test"),
        ("testing_loss", "test"),
        ("loss", ""),
        ("value_loss", ""),
        ("trained", ""),
        ("latest", ""),
        ("tr", ""),
        ("explained_variance", ""),
        ("device", ""),
        ("ep_rew_mean", ""),
        ("validity", ""),
        ("", ""),
    ],
)
def test_on_what_data_a_name_says_it_was_measured(name: str, split: str) -> None:
    assert split_of(name) == split


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("valLoss_top5", ("val", "loss", "top5", "valloss")),
        ("mAP@.5:.95", ("m", "ap", "map", "5", "95")),
        ("Train-top_k_accuracy_5", ("train", "top", "k", "accuracy", "5")),
        ("EpRew", ("ep", "rew", "eprew")),
        ("AverageTestEpRet", ("average", "test", "ep", "ret", "averagetestepret")),
        ("BLEU4", ("bleu4",)),
        ("当前损失值", ("当前损失值",)),
        ("%", ()),
    ],
)
def test_a_name_is_taken_apart_at_its_marks_and_at_its_capitals(name: str, words: tuple[str, ...]) -> None:
    assert set(words_of(name)) == set(words)


# As printed by the frameworks in brackets, all of them on lines that are about training.
MEASURED = {
    "hand-written loops": "loss acc Acc accuracy TRAIN_LOSS TEST_F1 test_acc train_mse val_bpb ppl xent mIoU fscore",
    "Keras": "val_loss val_accuracy top_k_categorical_accuracy mae val_mean_squared_error",
    "Lightning": "train_loss_epoch val_acc moe_gate_loss entropy_loss",
    "XGBoost, LightGBM, CatBoost": "train-rmse validation-rmse eval-mlogloss valid_0-auc test-error bestTest-error",
    "transformers": "eval_loss eval_wer eval_mean_token_accuracy rewards/margins train_loss eval_f1 eval_bleu",
    "stable-baselines3": "ep_rew_mean train/approx_kl train/value_loss policy_gradient_loss eval/mean_reward",
    "Spinning Up": "LossPi LossQ Entropy KL",
    "MMDetection": "bbox_mAP bbox_mAP_50 loss_rpn_cls decode.acc_seg aux.loss_ce mAcc aAcc coco/AP",
    "detectron2": "total_loss fast_rcnn/cls_accuracy loss_box_reg",
    "Ultralytics": "metrics/mAP50-95(B) metrics/precision(B) train/dfl_loss mAP@.5:.95",
    "GANs": "d_loss g_loss Loss/D/loss Loss/scores/fake fid50k_full is_score PSNR SSIM lpips",
    "fairseq": "gnorm nll_loss",
    "Coqui": "avg_loss_mel loss_duration avg_loss_0 loss_kl",
    "retrieval": "ndcg@10 Recall@20 MRR hits@3 map@10",
    "speech": "cer WER eer pesq",
}
MEASURED_WITH_BLANKS = [
    "lm loss",
    "Average Train Loss",
    "Validation BLEU-4",
    "Policy Loss",
    "Average Score",
    "Portfolio Return",
    "Test set: Average loss",
    "training acc",
    "Token Acc",
    "loss D",
    "Batch Loss",
    "当前损失值",
    "准确率",
    "точность",
]


@pytest.mark.parametrize("framework", MEASURED)
def test_names_of_measured_values_say_it_themselves(framework: str) -> None:
    assert [name for name in MEASURED[framework].split() if not is_metric(name)] == []


def test_names_of_several_words_and_of_other_tongues_say_it_too() -> None:
    assert [name for name in MEASURED_WITH_BLANKS if not is_metric(name)] == []


# Series of real logs that are kept only beside a count or beside a metric.
UNSURE = (
    "lr Lr learning_rate grad_norm norm l_pix D_A G_A cycle_A idt_A D_B learn avg rate trl tel NME PCK coco/AR Vr Vc"
    " EpCost MeanRatio explained_variance train/std mean_ep_length AverageEpRet AverageQ1Vals augment box obj P R"
    " Train-SmoothL1 lr-Adam Grad fps speed gpu_mem momentum temperature"
).split()


@pytest.mark.parametrize("name", UNSURE)
def test_a_name_that_does_not_say_it_is_a_metric_only_beside_a_count(name: str) -> None:
    assert not is_metric(name)
    assert role_of(name) == "metric"


# From the settings that real logs begin with.
OPTIONS = (
    "batch_size total_batch_size per_device_train_batch_size num_workers workers seed hidden_size embedding_dim dropout"
    " attention_dropout dropout_ratio momentum weight_decay num_layers n_layer n_head num_classes num_examples img_size"
    " world_size local_rank block_size vocab_size warmup_steps lr_warmup_fraction lr_decay_iters kernel_size"
    " in_channels stride padding port threads device_count eval_freq bbox_interval depth num_params adam_beta"
    " hiddenSize batchSize nThreads replay_buffer patience version image_width"
).split()
NO_OPTIONS = (
    "loss acc lr learning_rate grad_norm mAP50 explained_variance reward ep_len_mean score d_loss fps time"
    " D_A cycle_B EpRet SmoothL1 Recall@20 approx_kl clip_fraction entropy bestAcc portfolio_value ranking_loss"
).split()


@pytest.mark.parametrize("name", OPTIONS)
def test_settings_of_a_run_sound_like_options_and_not_like_metrics(name: str) -> None:
    assert is_option(name)
    assert may_be_option(name)
    assert not is_metric(name)


@pytest.mark.parametrize("name", NO_OPTIONS)
def test_measured_values_do_not_sound_like_options(name: str) -> None:
    assert not is_option(name)


@pytest.mark.parametrize(
    "name",
    [
        "loss_weight",
        "loss_scale",
        "loss-type",
        "cls_loss_weight",
        "reward_threshold",
        "accuracy_threshold",
        "reward_scale",
        "label_smoothing_loss_factor",
        "loss_fn",
        "num_rewards",
        "target_kl",
        "kl_coef",
        "entropy coefficient",
        "recall_interval",
        "acc_name",
        "use_dice",
        "focal_loss_alpha",
        "score_thresh",
        "error_clip",
    ],
)
def test_a_setting_that_is_about_a_metric_is_none(name: str) -> None:
    assert not is_metric(name)


@pytest.mark.parametrize(
    "name",
    "eps adam_eps gamma alpha max_length max_grad_norm clip_range grad_scale val_fraction num_epochs".split(),
)
def test_a_name_that_may_be_an_option_needs_a_count_beside_it(name: str) -> None:
    assert may_be_option(name)
    assert not is_metric(name)


@pytest.mark.parametrize("name", ["bleu", "loss", "lr", "grad_norm", "box", "D_A"])
def test_other_names_may_be_no_options(name: str) -> None:
    assert not may_be_option(name)


def test_a_name_of_any_length_is_looked_at_in_a_moment() -> None:
    name = "aB1_" * 20_000
    assert not is_metric(name)
    assert not is_option(name)
    assert split_of(name) == ""


def test_a_count_is_a_step_an_epoch_or_an_episode_of_any_spelling() -> None:
    assert has_count({"Global Step": 1.0}) and has_count({"EPOCH": 1.0}) and has_count({"games": 1.0})
    assert not has_count({"loss": 1.0, "max_steps": 5.0, "progress": 3.0})
