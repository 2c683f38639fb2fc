"""What names mean: which count (step, epoch), which say on what data, which are metrics. Tables, and no memory."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_STEPS_BY_RANK = (
    "global_step trainer/global_step globalstep gstep total_timesteps num_timesteps num_updates training_step"
    " train_step global_iter training_iteration step steps current_step current_steps cur_step timestep timesteps"
    " time_steps iteration iterations iter iters current_iter cur_iter n_iter niter itr it update updates num_update"
    " batch batches minibatches batch_id batch_idx minibatch mini_batch tick round rounds boosting_round trial cycle"
    " iteración iteracion itération iteração iteracao schritt paso passo étape шаг итерация 步数 步 迭代"
    " ステップ 스텝"
).split()
STEP = frozenset(_STEPS_BY_RANK)
STEP_RANK = {name: rank for rank, name in enumerate(_STEPS_BY_RANK)}
"""Where a record has several, the one that stands first here is its step."""
EPISODE = frozenset(
    "episode episodes episode_num episodes_total kimg game games nimg generation gen example_counter"
    " number_of_trees".split()
)
"""Counted where no step is printed on the same line."""
EPOCH = frozenset(
    "epoch epochs época epoca époque epoque epoche эпоха 轮次 轮 エポック 에폭 ep current_epoch cur_epoch trainer/epoch"
    " epoch_num num_epoch".split()
)
TOTAL = frozenset(["total_steps", "max_steps", "total_iters", "max_iters", "num_steps"])
PROGRESS = frozenset(["progress", "percentage", "percent"])
WALL_TIME = frozenset(
    "wall_time walltime timestamp _timestamp @timestamp time ts asctime created datetime date".split()
)

_ROLES = {
    "step": STEP,
    "episode": EPISODE,
    "epoch": EPOCH,
    "total": TOTAL,
    "progress": PROGRESS,
    "time": WALL_TIME,
}

MANY = frozenset("epochs steps iterations iters batches minibatches rounds episodes updates timesteps trials".split())
"""Said of how many there are or were; counts only beside measured values."""
_NO_METRIC = frozenset(["v_num"])  # the number of a run that Lightning shows in its bar
MOST = frozenset("total max maximum min num number n no last best".split())
"""Before a count: not where the run is, but how far it goes."""
HINGE = frozenset(
    "to for with from at is was than and by on in that using into while over after every when now".split()
)
"""A name that is followed by `:` begins after the last of these at the latest."""
STOP = HINGE | frozenset(
    "not the a an this are be of has have had its it's if as reached improved became achieved got hit".split()
)
"""Words that a name before a bare number does not begin or end with."""
COUNTS = frozenset(["step", "episode", "epoch"])
"""The roles that say where a run is."""
COUNTED = COUNTS | {"total", "progress"}

HELD_OUT = frozenset(["val", "eval", "dev", "test"])
SPLITS = {
    "train": "train",
    "training": "train",
    "trn": "train",
    "tr": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "validate": "val",
    "validating": "val",
    "eval": "eval",
    "evaluation": "eval",
    "evaluate": "eval",
    "evaluating": "eval",
    "evaluated": "eval",
    "dev": "dev",
    "test": "test",
    "testing": "test",
}
"""On which part of the data a value was measured, by the word that says it."""

_METRIC = re.compile(
    r"loss|losses|acc|accuracy|accuracies|error|err|errors|prec|precision|recall|f1|fscore|fb1|auc|auroc|auprc|aupr|roc"
    r"|m?ap\d*|miou|iou|dice|bleu\d*|rouge\d*l?|meteor|cider|chrf|wer|cer|uer|ter|ppl|perplexity|reward|rewards|rew"
    r"|return|returns|score|scores|mse|rmse|mae|mape|smape|nrmse|rmsle|r2|psnr|ssim|lpips|fid\w*|kid|kl|elbo|nll|bpb|bpc"
    r"|bpd|entropy|likelihood|loglik|logloss|gnorm|ndcg|mrr|hits|top\d+|eer|pesq|stoi|sdr|corr|pearson|spearman|kappa"
    r"|mcc|jaccard|nmi|ari|regret|objective|deviance|divergence|xent|bce"
)
_PIECES = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|[^\W\d_a-zA-Z]+")
_BREAKS = re.compile(r"[\W_]+")
_OPTION = re.compile(
    r"batch|num|workers?|seed|dim|hidden|layers?|heads?|dropout|momentum|decay|betas?|path|port|version|device|gpus?"
    r"|vocab|channels?|strides?|kernel|padding|rank|world|size|width|height|depth|interval|freq|every|threads?|params"
    r"|parameters|features|classes|shape|warmup|limit|buffer|capacity|patience"
)
_MAYBE_OPTION = re.compile(
    r"min|max|eps|epsilon|scale|std|mean|alpha|gamma|ratio|tolerance|tol|epochs?|steps?|iters?|iterations?|split|fraction"
    r"|percent|range|count|total|group|length"
)
_FOREIGN = re.compile("损失|准确|精度|误差|召回|奖励|損失|精度|正解|誤差|손실|정확|ошибк|точност|потер")
_SETTING = re.compile(
    r"weight|weights|coef|coeff|coefficient|scale|threshold|thresh|smoothing|type|function|fn|name|interval|freq"
    r"|ratio|decay|factor|lambda|alpha|clip|max|num|n|size|dim|use|target|eps|patience|fraction"
)


@lru_cache(maxsize=4096)
def folded_of(name: str) -> str:
    """A name in lower case, its words joined by `_`."""
    return name.lower().replace(" ", "_").replace("-", "_")


@lru_cache(maxsize=4096)
def role_of(name: str) -> str:
    """What a name means: step, episode, epoch, total, progress, time or context; "metric" for all others."""
    folded = folded_of(name)
    for role, names in _ROLES.items():
        if folded in names:
            return role
    return "context" if name.startswith("@") or folded in _NO_METRIC else "metric"


def has_count(names: Iterable[str]) -> bool:
    """Whether a step or an epoch is among the names."""
    return any(role_of(name) in COUNTS for name in names)


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: `valLoss_top5` → val, loss, top5, valloss."""
    pieces = [word.lower() for word in _PIECES.findall(name)]
    return tuple(dict.fromkeys(pieces + [word for word in _BREAKS.split(name.lower()) if word]))


@lru_cache(maxsize=4096)
def split_of(name: str) -> str:
    """The part of the data that a name speaks of: train, val, eval, dev or test; "" where it says none."""
    return next((SPLITS[word] for word in words_of(name) if word in SPLITS and word != "tr"), "")


@lru_cache(maxsize=4096)
def is_metric(name: str) -> bool:
    """Whether a name alone, without a step beside it, says that its number is a measured one."""
    words = words_of(name)
    if any(_SETTING.fullmatch(word) for word in words):
        return False
    return any(_METRIC.fullmatch(word) or word.endswith(("loss", "acc", "reward")) for word in words) or bool(
        _FOREIGN.search(name)
    )


@lru_cache(maxsize=4096)
def is_option(name: str) -> bool:
    """Whether a name sounds like an option of a run rather than a measured value."""
    return any(_OPTION.fullmatch(word) for word in words_of(name))


@lru_cache(maxsize=4096)
def may_be_option(name: str) -> bool:
    """Whether a name could be an option, if nothing around it says otherwise."""
    return is_option(name) or any(_MAYBE_OPTION.fullmatch(word) for word in words_of(name))
